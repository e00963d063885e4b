//! Kendall's partial rank correlation.

/// `(t_xy - t_xz t_yz) / sqrt((1 - t_xz^2)(1 - t_yz^2))`: the tau of x and y where z is held constant (Kendall, "Partial rank
/// correlation", Biometrika 1942), of tau-b. `None` where z orders x or y as they order themselves, or the other way round.
pub fn partial_tau(xy: f64, xz: f64, yz: f64) -> Option<f64> {
    let rest = (1.0 - xz * xz) * (1.0 - yz * yz);
    (rest > 0.0).then(|| ((xy - xz * yz) / rest.sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::kendall;

    #[test]
    fn what_a_third_explains_is_taken_away() {
        // By hand: (0.6 - 0.5 * 0.4) / sqrt(0.75 * 0.84).
        assert!((partial_tau(0.6, 0.5, 0.4).unwrap() - 0.503_952_630_678_969_7).abs() < 1e-15);
        assert_eq!(partial_tau(0.25, 0.5, 0.5), Some(0.0));
        assert_eq!(partial_tau(0.25, 1.0, 0.5), None);
        assert_eq!(partial_tau(0.25, 0.5, -1.0), None);
    }

    #[test]
    fn a_third_of_the_same_order_leaves_nothing() {
        let (x, y) = ([1.0, 2.0, 2.0, 5.0, 4.0], [3.0, 1.0, 4.0, 4.0, 5.0]);
        let z = x.map(|x| 10.0 * x);
        let tau = |a: &[f64], b: &[f64]| kendall(a, b).unwrap().tau_b().unwrap();
        assert_eq!(partial_tau(tau(&x, &y), tau(&x, &z), tau(&y, &z)), None);
    }
}
