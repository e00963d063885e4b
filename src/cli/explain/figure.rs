//! From maps to a figure.

use super::{Column, ExplainArgs, Layer, Seen};
use crate::cam::{Maps, Normalisation, Stretch};
use crate::cli::analysis::command_line;
use crate::pictures::resize::{Kind, resize};
use crate::plot::{Labels, MOST_PIXELS, Picture, PictureRow, Pictures, PlotError, Scene};

/// Images, then a column for each network.
pub fn draw(
    args: &ExplainArgs,
    seen: &Seen,
    columns: Vec<Column>,
    facts: Vec<String>,
) -> Result<Scene, PlotError> {
    let side = seen.shape[2].min(MOST_PIXELS);
    let heats: Vec<Vec<Vec<f64>>> = columns.iter().map(|c| heats(&c.maps, side)).collect();
    let row = |i: usize| {
        let pixels = pixels(seen, i, side);
        let picture = |heat: Option<Vec<f64>>, note: String| Picture {
            size: [side; 2],
            pixels: pixels.clone(),
            heat,
            note,
        };
        let label = seen.labels.get(i).map_or(String::new(), |label| format!("label {label}"));
        let networks = columns.iter().zip(&heats);
        let networks = networks.map(|(c, heats)| picture(Some(heats[i].clone()), c.notes[i].clone()));
        PictureRow {
            label: seen.names[i].clone(),
            pictures: std::iter::once(picture(None, label)).chain(networks).collect(),
        }
    };
    let names = columns.iter().map(|c| c.name.clone());
    let figure = Pictures {
        labels: labels(args, seen, facts),
        columns: std::iter::once("image".to_owned()).chain(names).collect(),
        rows: (0..seen.shape[0]).map(row).collect(),
        what: "share of the maximum".to_owned(),
    };
    figure.draw()
}

fn labels(args: &ExplainArgs, seen: &Seen, facts: Vec<String>) -> Labels {
    let layer = match args.layer {
        Layer::LastConv => "the last convolution",
        Layer::Features => "the input of the global pooling",
    };
    let mut caption = format!("{}. {}", seen.description, command_line());
    if !args.arch.is_empty() || args.search.is_some() {
        caption = format!("Candidates: {} weights, seed {}. {caption}", args.init, args.weight_seed);
    }
    Labels { title: format!("{} of {layer}", args.cam.title()), facts, caption }
}

/// Each image's map, 0..=1 of its own range.
fn heats(maps: &Maps, side: usize) -> Vec<Vec<f64>> {
    maps.prepared(Normalisation::MinMax, Stretch { size: [side; 2], kind: Kind::Bilinear })
}

/// An image for people: its bytes, or its values stretched over 0..=255 where it has none.
fn pixels(seen: &Seen, image: usize, side: usize) -> Vec<[u8; 3]> {
    let [_, channels, height, width] = seen.shape;
    let length = channels * height * width;
    let place = image * length..(image + 1) * length;
    let values: Vec<f64> = match seen.bytes.get(place.clone()) {
        Some(bytes) => bytes.iter().map(|b| f64::from(*b)).collect(),
        None => seen.values[place].iter().map(|x| 127.5 + 42.5 * f64::from(*x)).collect(),
    };
    let planes: Vec<Vec<f64>> = (values.chunks(height * width))
        .map(|plane| resize(plane, [height, width], [side; 2], Kind::Smooth))
        .collect();
    let byte = |x: f64| x.round().clamp(0.0, 255.0) as u8;
    (0..side * side).map(|p| [0, 1, 2].map(|c| byte(planes[c % channels][p]))).collect()
}
