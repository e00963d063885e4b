//! Files are right, hostile labels harmless, and what cannot be drawn is refused.

use super::*;

#[test]
fn equal_figures_give_equal_bytes_and_files_have_the_size_of_the_scene() {
    let (first, second) = (bars(15, 3).draw().unwrap(), bars(15, 3).draw().unwrap());
    assert_eq!(svg(&first), svg(&second));
    let bytes = png(&first);
    assert_eq!(bytes, png(&second));
    let (width, height, rgb) = decode(&bytes);
    assert_eq!((width, height), (2 * first.width as usize, 2 * first.height as usize));
    assert_eq!(rgb[..3], [255, 255, 255], "the corner is paper");
    let coloured = |p: &[u8]| p == [SERIES_BLUE.0, SERIES_BLUE.1, SERIES_BLUE.2];
    assert!(rgb.chunks(3).filter(|p| coloured(p)).count() > 500, "bars are drawn in the first colour");
}

const SERIES_BLUE: (u8, u8, u8) = (0x00, 0x72, 0xb2);

/// Width, height and RGB pixels of a PNG file.
fn decode(file: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (::png::ColorType::Rgb, ::png::BitDepth::Eight));
    (info.width as usize, info.height as usize, rgb)
}

#[test]
fn hostile_labels_are_harmless_in_svg() {
    let hostile = "</text><script>alert(1)</script>&\"'\u{0}\u{1b}[31m\u{202e}\u{ffff}\n";
    let labels = Labels { title: hostile.into(), facts: vec![hostile.into()], caption: hostile.into() };
    let scatter = Scatter {
        labels,
        x: hostile.into(),
        y: hostile.into(),
        points: vec![(1.0, 2.0), (2.0, 3.0)],
        names: vec![hostile.into(), "b".into()],
        ..Scatter::default()
    };
    let document = svg(&scatter.draw().unwrap());
    assert!(!document.contains("<script") && document.contains("&lt;script&gt;"), "{document}");
    let forbidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}' || c == '\u{ffff}';
    assert!(!document.contains(forbidden));
    assert_eq!(document.matches("<text").count(), document.matches("</text>").count());
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let empty = Scatter::default().draw().unwrap_err().to_string();
    assert!(empty.contains("nothing to draw"), "{empty}");
    let mut odd = scatter(30, ScoreAxis::Raw);
    odd.points[3].0 = f64::NAN;
    odd.points[4].1 = f64::INFINITY;
    assert!(matches!(odd.draw(), Err(PlotError::NotFinite { count: 2, .. })));
    odd = scatter(30, ScoreAxis::Raw);
    odd.names.pop();
    assert!(matches!(odd.draw(), Err(PlotError::Shape { found: 29, expected: 30, .. })));
    odd.names.clear();
    odd.points[0].1 = 1e308;
    odd.points[1].1 = -1e308;
    assert!(matches!(odd.draw(), Err(PlotError::Range { .. })));
    assert!(matches!(bars(0, 3).draw(), Err(PlotError::Empty { .. })));
    assert!(matches!(bars(61, 1).draw(), Err(PlotError::TooMany { found: 61, .. })));
    assert!(matches!(bars(3, 8).draw(), Err(PlotError::TooMany { found: 8, .. })));
    let mut torn = bars(3, 3);
    torn.rows[1].entries.pop();
    assert!(torn.draw().unwrap_err().to_string().contains("rbflex:fixed"));
    let mut nothing = boxes(2, 1);
    nothing.rows.iter_mut().for_each(|r| r.entries[0] = Some(Vec::new()));
    assert!(matches!(nothing.draw(), Err(PlotError::Empty { .. })));
    assert!(matches!(HeatMap::default().draw(), Err(PlotError::Empty { .. })));
    let mut map = heat_map(4);
    map.values[1][2] = Some(f64::NAN);
    map.values[2][1] = Some(1.5);
    assert!(matches!(map.draw(), Err(PlotError::NotCorrelation { count: 2, .. })));
    assert!(matches!(Lines::default().draw(), Err(PlotError::Empty { .. })));
    let mut lines = search(3);
    lines.series[0].points[0].x = 0.0;
    assert!(lines.draw().unwrap_err().to_string().contains("logarithmic"));
}

#[test]
fn files_end_in_svg_or_png() {
    let scene = bars(2, 1).draw().unwrap();
    let folder = tempfile::tempdir().unwrap();
    save(&scene, &folder.path().join("a.svg")).unwrap();
    save(&scene, &folder.path().join("a.PNG")).unwrap();
    assert!(std::fs::read_to_string(folder.path().join("a.svg")).unwrap().starts_with("<svg"));
    assert_eq!(decode(&std::fs::read(folder.path().join("a.PNG")).unwrap()).0, 2 * scene.width as usize);
    assert!(save(&scene, &folder.path().join("a.pdf")).unwrap_err().to_string().contains(".svg or .png"));
    let missing = folder.path().join("no/such/a.svg");
    assert!(save(&scene, &missing).unwrap_err().to_string().contains("a.svg"));
}
