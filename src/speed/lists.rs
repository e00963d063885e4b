//! The embedded architecture lists, chosen by keyed numbers so that anyone can choose them again.

/// The embedded list of a space, one architecture string a line (`benchmarks/speed/<space>.txt`).
pub fn embedded_list(space: &str) -> Option<&'static str> {
    match space {
        "nasbench201" => Some(include_str!("../../benchmarks/speed/nasbench201.txt")),
        "nats_sss" => Some(include_str!("../../benchmarks/speed/nats_sss.txt")),
        "plainnet" => Some(include_str!("../../benchmarks/speed/plainnet.txt")),
        "nafbee_vgg19" => Some(include_str!("../../benchmarks/speed/nafbee_vgg19.txt")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyed::{Draws, smallest};
    use crate::spaces::nasbench201::{EdgeCell, EdgeOperation};
    use crate::spaces::plainnet::Mutation;
    use crate::spaces::{Budget, NetworkInput, find};

    /// 24 of a space, the keyed choice `bench.<space>` under seed 0.
    fn chosen(space: &str, arch: impl Fn(usize) -> String) -> Vec<String> {
        let size = find(space).unwrap().spec().size.known().unwrap();
        smallest(24, size, 0, &format!("bench.{space}")).into_iter().map(arch).collect()
    }

    fn lines(space: &str) -> Vec<String> {
        embedded_list(space).unwrap().lines().map(str::to_string).collect()
    }

    /// Cells are numbered by their operations in canonical order, the last edge fastest: the official order is only in
    /// the table.
    #[test]
    fn nasbench201_cells_are_the_keyed_choice() {
        let op = |i: usize, edge: u32| EdgeOperation::ALL[i / 5usize.pow(5 - edge) % 5];
        let cell = |i| EdgeCell::new([0, 1, 2, 3, 4, 5].map(|edge| op(i, edge))).to_string();
        assert_eq!(lines("nasbench201"), chosen("nasbench201", cell));
    }

    #[test]
    fn nats_sss_networks_are_the_keyed_choice() {
        let space = find("nats_sss").unwrap();
        assert_eq!(lines("nats_sss"), chosen("nats_sss", |i| space.arch(i).unwrap()));
    }

    /// The published structures of about a million parameters, and the ends of chains of mutations: step `s` of chain `k`
    /// replaces two blocks by the draws `bench.plainnet.<k>.<s>` under seed 0, from `zen-cifar-init` on, and is taken back where
    /// the child has more than 18 layers or a million parameters. A chain ends behind step 100 with 0.8 million.
    fn plainnet_chain(k: usize) -> String {
        let space = find("plainnet").unwrap();
        let named = |name: &str| space.named().iter().find(|n| n.name == name).unwrap().arch;
        let budget =
            |arch: &str| space.budget(arch, NetworkInput { resolution: 32, classes: 10 }).unwrap().unwrap();
        let mut arch = space.canonical(named("zen-cifar-init")).unwrap();
        for step in 0.. {
            if step > 100 && budget(&arch).size >= 800_000 {
                break;
            }
            let mut draws = Draws::new(0, &format!("bench.plainnet.{k}.{step}"));
            let child = Mutation::default().child(&arch, 2, &mut draws).unwrap();
            let Budget { size, layers, .. } = budget(&child);
            if size <= 1_000_000 && layers <= 18 {
                arch = child;
            }
        }
        arch
    }

    #[test]
    fn plainnet_structures_are_the_published_ones_and_the_ends_of_chains() {
        let space = find("plainnet").unwrap();
        let published = ["ZenNet-1M", "EZenNet-1M-s", "EZenNet-1M-l"].map(|name| {
            space.canonical(space.named().iter().find(|n| n.name == name).unwrap().arch).unwrap()
        });
        let all: Vec<String> = published.into_iter().chain((0..21).map(plainnet_chain)).collect();
        assert_eq!(lines("plainnet"), all, "{}", all.join("\n"));
    }

    #[test]
    fn nafbee_has_all_activations() {
        let space = find("nafbee_vgg19").unwrap();
        let all: Vec<String> =
            (0..space.spec().size.known().unwrap()).map(|i| space.arch(i).unwrap()).collect();
        assert_eq!(lines("nafbee_vgg19"), all);
    }
}
