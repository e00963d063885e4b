//! Nothing overlaps or leaves the paper, everything is written, rows stand in order.

use super::*;

#[test]
fn no_two_texts_overlap_and_none_leaves_the_paper() {
    for (figure, scene) in gallery() {
        let texts: Vec<(&str, (Place, Place))> =
            texts(&scene).into_iter().map(|t| (t.text.as_str(), bounds(t))).collect();
        for (i, (text, (from, to))) in texts.iter().enumerate() {
            let (width, height) = size(&scene);
            let inside = from.0 >= 0 && from.1 >= 0 && to.0 <= width && to.1 <= height;
            assert!(inside, "{figure}: {text:?} at {from:?} to {to:?} leaves the paper");
            for (other, (a, b)) in &texts[..i] {
                let apart = from.0 >= b.0 || to.0 <= a.0 || from.1 >= b.1 || to.1 <= a.1;
                assert!(apart, "{figure}: {text:?} overlaps {other:?}");
            }
        }
    }
}

#[test]
fn every_name_is_written_once_on_each_axis() {
    let scene = heat_map(25).draw().unwrap();
    for i in 0..25 {
        let shown = label::name(&name(i));
        assert_eq!(texts(&scene).iter().filter(|t| t.text == shown).count(), 2, "{shown}");
    }
    let scene = scatter(11, ScoreAxis::Raw).draw().unwrap();
    for i in 0..11 {
        let shown = label::name(&name(i));
        assert_eq!(texts(&scene).iter().filter(|t| t.text == shown).count(), 1, "{shown}");
    }
}

#[test]
fn bars_stand_in_falling_order() {
    let scene = bars(15, 1).draw().unwrap();
    let heights: Vec<(f64, i32)> = (0..15)
        .filter(|i| *i != 4)
        .map(|i| {
            let text = texts(&scene).into_iter().find(|t| t.text == label::name(&name(i))).unwrap();
            (value(i, 0), text.at.1)
        })
        .collect();
    for (a, b) in heights.iter().flat_map(|a| heights.iter().map(move |b| (a, b))) {
        assert!(a.0 <= b.0 || a.1 < b.1, "{a:?} is not above {b:?}");
    }
}

#[test]
fn scores_beyond_the_axis_are_counted() {
    let mut points: Vec<(f64, f64)> = (0..1000).map(|i| (f64::from(i), 80.0)).collect();
    points.push((-1e8, 10.0));
    let scene = Scatter { points, score_axis: ScoreAxis::Raw, ..Scatter::default() }.draw().unwrap();
    assert!(texts(&scene).iter().any(|t| t.text.contains("1 score beyond the axis")));
    let scene = scatter(500, ScoreAxis::SignedLog).draw().unwrap();
    assert!(!texts(&scene).iter().any(|t| t.text.contains("beyond the axis")));
}
