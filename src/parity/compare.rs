//! Decides whether two implementations agree.

use super::golden::{Flag, GoldenRecord};
use crate::engine::Precision;

/// The result for one golden record.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The relative deviation is not above the tolerance.
    Within {
        deviation: f64,
    },
    Outside {
        deviation: f64,
        ours: String,
    },
    /// The program does not have the space, proxy, variant, input or initialisation.
    NotSupported(String),
    /// The values are not comparable in this precision, by the marks of the file or by the rounding error that the proxy reports.
    Skipped(&'static str),
}

/// The reason for skipping a record on which implementations may differ, as its computation showed.
const DECIDED_BY_ROUNDING: &str = "gradients that are zero in exact arithmetic explain the difference";

/// The reason for which the marks of a record exclude it in this precision.
pub fn skipped(record: &GoldenRecord, precision: Precision) -> Option<&'static str> {
    if record.degenerate.as_ref().is_some_and(Flag::set) {
        return Some("degenerate: rounding noise in any precision");
    }
    if precision == Precision::F32 && record.unstable == Some(true) {
        return Some("unstable in f32");
    }
    let finite = record.value.is_some_and(f64::is_finite);
    (finite && tolerance(record, precision).is_none()).then_some("no tolerance in this precision")
}

/// The relative tolerance of a record; 0 for exact ones.
pub fn tolerance(record: &GoldenRecord, precision: Precision) -> Option<f64> {
    if record.exact == Some(true) {
        return Some(0.0);
    }
    match precision {
        Precision::F32 => record.rtol_f32,
        Precision::F64 => record.rtol_f64,
    }
}

/// Compares our value, or the reason for which there is none, with a record. Non-finite values agree if they are of one kind;
/// `null` stands for an undefined value. `rounding` is the largest change of the value that numbers which are zero in exact
/// arithmetic can cause, as the proxy reports it. A difference up to it is skipped, like a record marked as degenerate.
pub fn verdict(
    record: &GoldenRecord,
    precision: Precision,
    ours: Result<f64, String>,
    rounding: f64,
) -> Verdict {
    let outside = |deviation| Verdict::Outside {
        deviation,
        ours: ours.as_ref().map_or_else(Clone::clone, |x| format!("{x:?}")),
    };
    let exact = Verdict::Within { deviation: 0.0 };
    match (record.value, &ours) {
        (None, Err(_)) => exact,
        (None, Ok(x)) if !x.is_finite() => exact,
        (None, Ok(_)) | (Some(_), Err(_)) => outside(f64::NAN),
        (Some(golden), Ok(x)) if !golden.is_finite() || !x.is_finite() => {
            let same = (golden.is_nan() && x.is_nan()) || golden == *x;
            if same { exact } else { outside(f64::NAN) }
        }
        (Some(golden), Ok(x)) => {
            let scale = if golden == 0.0 { 1.0 } else { golden.abs() };
            let deviation = (x - golden).abs() / scale;
            let within = tolerance(record, precision).is_some_and(|t| deviation <= t);
            match within {
                true => Verdict::Within { deviation },
                false if (x - golden).abs() <= rounding => Verdict::Skipped(DECIDED_BY_ROUNDING),
                false => outside(deviation),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> GoldenRecord {
        let base = r#""space":"nb201","arch":"a","proxy":"p","variant":"v""#;
        serde_json::from_str(&format!("{{{base},{json}}}")).unwrap()
    }

    fn within(json: &str, precision: Precision, ours: Result<f64, String>) -> bool {
        matches!(verdict(&record(json), precision, ours, 0.0), Verdict::Within { .. })
    }

    #[test]
    fn a_difference_that_rounding_explains_is_not_compared() {
        let record = record(r#""value":100.0,"rtol_f64":1e-4"#);
        let verdict = |ours, rounding| verdict(&record, Precision::F64, Ok(ours), rounding);
        assert_eq!(verdict(98.0, 2.0), Verdict::Skipped(DECIDED_BY_ROUNDING));
        assert!(matches!(verdict(97.0, 2.0), Verdict::Outside { .. }));
        assert!(matches!(verdict(100.0, 2.0), Verdict::Within { .. }));
        assert!(matches!(verdict(f64::NAN, 2.0), Verdict::Outside { .. }));
        assert!(matches!(verdict(98.0, f64::NAN), Verdict::Outside { .. }));
    }

    #[test]
    fn tolerances_are_relative_and_per_precision() {
        let json = r#""value":-200.0,"rtol_f32":1e-2,"rtol_f64":1e-6"#;
        assert!(within(json, Precision::F32, Ok(-201.9)));
        assert!(!within(json, Precision::F32, Ok(-202.1)));
        assert!(!within(json, Precision::F64, Ok(-201.9)));
        assert!(!within(json, Precision::F32, Err("failed".into())));
        assert!(within(r#""value":12.0,"exact":true"#, Precision::F32, Ok(12.0)));
        assert!(!within(r#""value":12.0,"exact":true,"rtol_f32":1.0"#, Precision::F32, Ok(12.5)));
        assert!(within(r#""value":0.0,"rtol_f32":1e-5"#, Precision::F32, Ok(1e-6)));
    }

    #[test]
    fn non_finite_values_agree_in_kind() {
        let json = r#""value":"-inf","expect_nonfinite":true"#;
        assert!(within(json, Precision::F32, Ok(f64::NEG_INFINITY)));
        assert!(!within(json, Precision::F32, Ok(f64::INFINITY)));
        assert!(!within(json, Precision::F32, Ok(f64::NAN)));
        assert!(!within(json, Precision::F32, Ok(-1e308)));
        assert!(within(r#""value":"nan""#, Precision::F64, Ok(f64::NAN)));
        assert!(within(r#""value":null,"expect_nonfinite":true"#, Precision::F32, Err("undefined".into())));
        assert!(within(r#""value":null,"expect_nonfinite":true"#, Precision::F32, Ok(f64::NAN)));
        assert!(!within(r#""value":null,"expect_nonfinite":true"#, Precision::F32, Ok(3.0)));
        assert!(!within(r#""value":3.0,"rtol_f32":0.1"#, Precision::F32, Ok(f64::NAN)));
    }

    #[test]
    fn a_value_that_is_no_number_is_refused() {
        let base = r#""space":"nb201","arch":"a","proxy":"p","variant":"v""#;
        assert!(serde_json::from_str::<GoldenRecord>(&format!(r#"{{{base},"value":"about 3"}}"#)).is_err());
    }

    #[test]
    fn marks_decide_what_is_skipped() {
        let unstable = record(r#""value":1.0,"rtol_f32":0.1,"rtol_f64":0.1,"unstable":true"#);
        assert!(skipped(&unstable, Precision::F32).is_some() && skipped(&unstable, Precision::F64).is_none());
        let degenerate = record(r#""value":1.0,"degenerate":true"#);
        assert!(skipped(&degenerate, Precision::F64).is_some());
        assert!(skipped(&record(r#""value":1.0,"rtol_f32":0.1"#), Precision::F64).is_some());
        assert!(skipped(&record(r#""value":"-inf","expect_nonfinite":true"#), Precision::F32).is_none());
        assert!(skipped(&record(r#""value":1.0,"exact":true"#), Precision::F32).is_none());
    }
}
