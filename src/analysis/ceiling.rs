//! How high a rank correlation can come when the accuracies themselves are noisy.

use super::AnalysisError;
use crate::stats::kendall;
use crate::tables::{Query, Runs, Table};

/// The tau-b of the accuracies of a query with what they would be without the noise between training seeds, estimated from the seeds
/// that the table has of `archs`: no score can do better by more than chance. With `k` seeds in the query's mean and `t` the mean
/// tau-b between two seeds,
///
/// ```text
/// r_1 = sin(pi t / 2)                   correlation of two seeds, for normal numbers (Kendall and Gibbons, Rank Correlation Methods, ch. 9)
/// r_k = k r_1 / (1 + (k - 1) r_1)       of two means of k seeds (Spearman and Brown)
/// tau = 2 asin(sqrt(r_k)) / pi          of a mean of k seeds with the mean of endlessly many
/// ```
///
/// `None` where the table has fewer than two seeds, or `t` is not above 0.
///
/// # Errors
/// The table cannot answer.
pub fn ceiling(table: &Table, query: &Query, archs: &[&str]) -> Result<Option<f64>, AnalysisError> {
    let seeds = table.available().into_iter().filter(|known| {
        known.runs != Runs::Mean
            && Query { runs: Runs::Mean, ..known.clone() } == Query { runs: Runs::Mean, ..query.clone() }
    });
    let mut columns = vec![];
    for seed in seeds {
        let accuracies = table.accuracies(&seed)?;
        let accuracies: Vec<Option<f64>> = accuracies.column("accuracy")?.f64()?.iter().collect();
        let of = |arch: &&str| table.index_of(arch).and_then(|index| accuracies[index]);
        columns.push(archs.iter().map(of).collect::<Vec<_>>());
    }
    let between = (0..columns.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let taus: Vec<f64> = between.filter_map(|(i, j)| tau(&columns[i], &columns[j])).collect();
    let mean = taus.iter().sum::<f64>() / taus.len() as f64;
    let k = if query.runs == Runs::Mean { columns.len() as f64 } else { 1.0 };
    let one = (mean * std::f64::consts::FRAC_PI_2).sin();
    let all = k * one / (1.0 + (k - 1.0) * one);
    Ok((mean > 0.0).then(|| all.sqrt().asin() / std::f64::consts::FRAC_PI_2))
}

/// Tau-b over the architectures that both have.
fn tau(a: &[Option<f64>], b: &[Option<f64>]) -> Option<f64> {
    let (a, b): (Vec<f64>, Vec<f64>) = a.iter().zip(b).filter_map(|(a, b)| a.zip(*b)).unzip();
    kendall(&a, &b).ok()?.tau_b()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(noise: f64) -> Table {
        let mut text = "arch,dataset,split,epochs,seed,accuracy\n".to_owned();
        for i in 0..400 {
            let draws = crate::keyed::Stream::new(i, "ceiling");
            let mut normal = vec![0.0f32; 4];
            draws.fill_normal(1.0, &mut normal);
            for seed in 0..3 {
                let accuracy = 50.0 + 5.0 * (f64::from(normal[3]) + noise * f64::from(normal[seed]));
                text += &format!("{i},synthetic,test,12,{seed},{accuracy}\n");
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        crate::tables::read_trained(&path, &str::to_owned).unwrap()
    }

    /// The truth is known here: its tau-b with the accuracies is what is estimated without it.
    #[test]
    fn the_estimate_is_near_the_truth() {
        let table = table(0.5);
        let archs = table.archs();
        let of = |query: &str| ceiling(&table, &query.parse().unwrap(), &archs).unwrap().unwrap();
        let truth: Vec<f64> = (0..400u64)
            .map(|i| {
                let mut normal = vec![0.0f32; 4];
                crate::keyed::Stream::new(i, "ceiling").fill_normal(1.0, &mut normal);
                f64::from(normal[3])
            })
            .collect();
        for query in ["synthetic/test/12/mean", "synthetic/test/12/1"] {
            let found = table.column(&query.parse().unwrap()).unwrap();
            let true_tau = kendall(&truth, &found).unwrap().tau_b().unwrap();
            assert!((of(query) - true_tau).abs() < 0.03, "{query}: {} instead of {true_tau}", of(query));
        }
        assert!(of("synthetic/test/12/mean") > of("synthetic/test/12/1"));
    }

    #[test]
    fn one_seed_says_nothing_of_noise() {
        let table = crate::tables::load("nafbee_vgg19", &Default::default(), &crate::data::Silent).unwrap();
        let query = "cifar10/validation/200/mean".parse().unwrap();
        assert_eq!(ceiling(&table, &query, &table.archs()).unwrap(), None);
    }
}
