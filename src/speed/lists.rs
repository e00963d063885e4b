//! The embedded architecture lists, chosen by keyed numbers so that anyone can choose them again.

/// The embedded list of a space, one architecture string a line (`benchmarks/speed/<space>.txt`).
pub fn embedded_list(space: &str) -> Option<&'static str> {
    match space {
        "nasbench201" => Some(include_str!("../../benchmarks/speed/nasbench201.txt")),
        "nats_sss" => Some(include_str!("../../benchmarks/speed/nats_sss.txt")),
        "nafbee_vgg19" => Some(include_str!("../../benchmarks/speed/nafbee_vgg19.txt")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyed::smallest;
    use crate::spaces::find;
    use crate::spaces::nasbench201::{EdgeCell, EdgeOperation};

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

    #[test]
    fn nafbee_has_all_activations() {
        let space = find("nafbee_vgg19").unwrap();
        let all: Vec<String> =
            (0..space.spec().size.known().unwrap()).map(|i| space.arch(i).unwrap()).collect();
        assert_eq!(lines("nafbee_vgg19"), all);
    }
}
