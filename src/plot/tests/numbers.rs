//! Numbers behind the figures: ticks, hexagons; any numbers draw or are refused.

use proptest::prelude::*;

use super::*;

#[test]
fn ticks_are_round_and_readable() {
    let labels =
        |low, high, most| ticks::linear(low, high, most).0.into_iter().map(|t| t.label).collect::<Vec<_>>();
    assert_eq!(labels(-0.05, 0.62, 8), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]);
    assert_eq!(labels(-6225.0, -6190.0, 5), ["−6220", "−6210", "−6200", "−6190"]);
    let (large, exponent) = ticks::linear(0.0, 3e22, 4);
    assert_eq!((exponent, large[1].label.as_str()), (21, "10"));
    let log: Vec<String> = ticks::signed_log(-2e3, 5e4, 1.0, 8).into_iter().map(|t| t.label).collect();
    assert_eq!(log, ["−10³", "−10²", "−10", "−1", "0", "1", "10", "10²", "10³", "10⁴"]);
}

#[test]
fn numbers_are_written_as_the_field_does() {
    let written = [0.569, -0.426, 1.0, -0.001, 0.0].map(label::correlation);
    assert_eq!(written, [".57", "−.43", "1.00", ".00", ".00"]);
    assert_eq!([label::fixed(-0.04, 1), label::fixed(-0.06, 1)], ["0.0", "−0.1"]);
    assert_eq!([-14, 0, 1, 12].map(label::power_of_ten), ["10⁻¹⁴", "1", "10", "10¹²"]);
}

#[test]
fn equal_numbers_of_any_size_have_an_axis_with_ticks() {
    for value in [0.0, 1.0, -1.0, 93.5, 1e300, -1e300, 1e-300, -1e-300, 5e-324] {
        for score_axis in [ScoreAxis::Raw, ScoreAxis::SignedLog] {
            let scatter = Scatter { points: vec![(value, value); 3], score_axis, ..Scatter::default() };
            let scene = scatter.draw().unwrap();
            let number = |text: &&&Text| text.text.replace('\u{2212}', "-").parse::<f64>().is_ok();
            let numbers = texts(&scene).iter().filter(number).count();
            assert!(numbers > 2, "{value} {score_axis:?}: {numbers} ticks");
        }
    }
}

proptest! {
    #[test]
    fn every_point_is_in_the_hexagon_next_to_it(points in proptest::collection::vec((-500.0..500.0, -500.0..500.0), 1..200)) {
        let bins = hexbin::bins(&points, 4.0);
        prop_assert_eq!(bins.iter().map(|b| b.count).sum::<usize>(), points.len());
        for (x, y) in &points {
            let near = |b: &&hexbin::Bin| (b.centre.0 - x).hypot(b.centre.1 - y) <= 4.0 + 1e-9;
            prop_assert!(bins.iter().any(|b| near(&b)));
        }
    }

    #[test]
    fn ticks_lie_on_the_axis_in_order(low in -1e12..1e12, range in 1e-3..1e12, most in 2_usize..12) {
        let (ticks, _) = ticks::linear(low, low + range, most);
        prop_assert!(ticks.len() <= most + 1);
        let slack = range * 1e-6;
        prop_assert!(ticks.iter().all(|t| t.value >= low - slack && t.value <= low + range + slack));
        prop_assert!(ticks.windows(2).all(|p| p[0].value < p[1].value && p[0].label != p[1].label));
    }

    #[test]
    fn any_finite_numbers_draw_or_are_refused(
        points in proptest::collection::vec((any::<f64>(), any::<f64>()), 1..60),
        log in any::<bool>(),
    ) {
        let score_axis = if log { ScoreAxis::SignedLog } else { ScoreAxis::Raw };
        match (Scatter { points, score_axis, ..Scatter::default() }).draw() {
            Err(PlotError::NotFinite { .. } | PlotError::Range { .. }) => {}
            Err(other) => prop_assert!(false, "{}", other),
            Ok(scene) => {
                let (width, height) = size(&scene);
                let in_paper = |(x, y): Place| (0..=width).contains(&x) && (0..=height).contains(&y);
                for shape in &scene.shapes {
                    if let Shape::Disc { centre, .. } = shape {
                        prop_assert!(in_paper(*centre), "{:?}", centre);
                    }
                }
            }
        }
    }

    #[test]
    fn lines_over_any_numbers_draw_or_are_refused(
        points in proptest::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 1..60),
    ) {
        let points: Vec<_> = points.into_iter().map(|(x, mean, spread)| LinePoint { x, mean, spread }).collect();
        let series = vec![Series { name: "proxy".into(), points, ..Series::default() }];
        match (Lines { series, ..Lines::default() }).draw() {
            Ok(_) | Err(PlotError::NotFinite { .. } | PlotError::Range { .. }) => {}
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn any_text_is_wrapped_into_its_room(text in "\\PC{0,200}", room in 40.0..400.0) {
        for line in font::wrap(&text, 12.0, room) {
            prop_assert!(font::width(&line, 12.0) <= room + 1e-9 || line.chars().count() == 1, "{:?}", line);
        }
        prop_assert!(font::width(&font::fit(&text, 12.0, room), 12.0) <= room + 1e-9);
    }
}
