//! The numbers that papers print, as they stand in `benchmarks/published`.

use std::sync::LazyLock;

use serde::Deserialize;

/// Files with printed numbers, one paper each.
const FILES: &[&str] = &[
    include_str!("../../benchmarks/published/rbflex.csv"),
    include_str!("../../benchmarks/published/cam.csv"),
    include_str!("../../benchmarks/published/incorporated.csv"),
    include_str!("../../benchmarks/published/zen-article.csv"),
    include_str!("../../benchmarks/published/suite-zero.csv"),
    include_str!("../../benchmarks/published/az-nas.csv"),
];

/// One printed number.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Printed {
    /// The table or figure in the catalogue.
    pub item: String,
    /// The method's name in the paper.
    pub method: String,
    /// Our name of the search space where there is one.
    pub space: String,
    /// Our name of the data set where there is one.
    pub dataset: String,
    pub quantity: String,
    /// The key of a row or column: `S=10; 500 runs`, `activation=ReLU`.
    pub setting: String,
    /// The digits as they are printed.
    #[serde(rename = "value")]
    pub digits: String,
    /// What stands behind a ±.
    pub spread: Option<f64>,
    pub unit: String,
    pub note: String,
}

/// All printed numbers, in the order of the files.
static PRINTED: LazyLock<Vec<Printed>> = LazyLock::new(|| {
    let rows = FILES.iter().flat_map(|text| csv::Reader::from_reader(text.as_bytes()).into_deserialize());
    // A test reads every row, so that none is left out here.
    rows.filter_map(Result::ok).collect()
});

/// All printed numbers, in the order of the files.
pub fn printed() -> &'static [Printed] {
    &PRINTED
}

impl Printed {
    /// The number.
    pub fn value(&self) -> f64 {
        self.digits.parse().unwrap_or(f64::NAN)
    }

    /// Half a unit of the last printed digit: what rounding may have changed.
    pub fn rounding(&self) -> f64 {
        let (mantissa, exponent) = self.digits.split_once(['e', 'E']).unwrap_or((&self.digits, "0"));
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let exponent = exponent.parse::<i32>().unwrap_or(0) - i32::try_from(decimals).unwrap_or(0);
        0.5 * 10_f64.powi(exponent)
    }

    /// A key of the setting: `setting("S")` of `S=10; 500 runs` is `10`.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let parts = self.setting.split("; ").filter_map(|part| part.split_once('='));
        parts.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_number_with_its_item_and_none_stands_twice() {
        let lines: usize = FILES.iter().map(|text| text.lines().count() - 1).sum();
        assert_eq!(printed().len(), lines);
        for (i, row) in printed().iter().enumerate() {
            assert!(row.value().is_finite() && !row.item.is_empty(), "{row:?}");
            let key = |r: &Printed| {
                [&r.item, &r.method, &r.space, &r.dataset, &r.quantity, &r.setting].map(String::clone)
            };
            assert!(printed()[..i].iter().all(|other| key(other) != key(row)), "twice: {row:?}");
        }
    }

    #[test]
    fn rounding_is_half_a_unit_of_the_last_digit() {
        let of = |digits: &str| Printed { digits: digits.to_owned(), ..printed()[0].clone() }.rounding();
        for (digits, expected) in [("0.569", 5e-4), ("12", 0.5), ("-6190.45", 5e-3), ("5.19E+22", 5e19)] {
            assert!((of(digits) / expected - 1.0).abs() < 1e-12, "{digits}");
        }
    }

    #[test]
    fn settings_have_keys() {
        let row = Printed { setting: "S=10; 500 runs".to_owned(), ..printed()[0].clone() };
        assert_eq!((row.setting("S"), row.setting("N")), (Some("10"), None));
    }
}
