//! Class activation maps against those of the packages torchcam and grad-cam, on keyed weights (`scripts/make_cam_values.py`).

use crate::keyed_weights::keyed;
use serde::Deserialize;
use untrained::cam::{CamError, CamRequest, Explained, Form, Layer, Maps, Method};
use untrained::engine::{
    BurnEngine, DeviceSpec, Engine, InputBatch, NativeEngine, NormStatistics, Precision,
};
use untrained::graph::{Graph, ParamRole, Weights};
use untrained::keyed::Stream;
use untrained::named::Named;
use untrained::spaces::NetworkInput;
use untrained::teachers::Architecture;

#[derive(Deserialize)]
struct Values {
    seed: u64,
    resolution: usize,
    classes: Vec<u32>,
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    package: String,
    method: String,
    form: String,
    layer: String,
    scale: f32,
    size: [usize; 2],
    map: Vec<f64>,
}

fn values() -> Values {
    serde_json::from_str(include_str!("../cam_values.json")).unwrap()
}

fn graph(resolution: usize) -> Graph {
    let input = NetworkInput { resolution, classes: 10 };
    Architecture::CifarResNet { blocks: 1 }.graph(input).unwrap()
}

/// Keyed weights with the classifier's weights multiplied.
fn weights(graph: &Graph, seed: u64, scale: f32) -> Weights {
    let mut weights = keyed(graph, seed);
    let (classifier, _) = graph.layer_weights().find(|(_, p)| p.name == "linear.weight").unwrap();
    weights.get_mut(classifier).iter_mut().for_each(|w| *w *= scale);
    weights
}

fn request(record: &Record, seed: u64) -> CamRequest {
    CamRequest {
        layer: if record.layer == "pre_gap" { Layer::Features } else { Layer::LastConv },
        method: Method::ALL.iter().copied().find(|m| m.name() == record.method).unwrap(),
        form: if record.form == "torchcam" { Form::Torchcam } else { Form::Paper },
        seed,
    }
}

fn maps(engine: &dyn Engine, values: &Values, scale: f32, request: CamRequest) -> Result<Maps, CamError> {
    let graph = graph(values.resolution);
    let weights = weights(&graph, values.seed, scale);
    let shape = [values.classes.len(), 3, values.resolution, values.resolution];
    let mut images = vec![0.0; shape.iter().product()];
    Stream::new(values.seed, "input").fill_normal(1.0, &mut images);
    let (statistics, precision) = (NormStatistics::Running, Precision::F64);
    let net = Explained { engine, graph: &graph, weights: &weights, statistics, precision };
    net.maps(InputBatch { images: &images, shape }, &values.classes, request)
}

/// Largest difference, as a share of the largest value.
fn deviation(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let top = theirs.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    assert!(top > 0.0);
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / top
}

#[test]
fn every_method_equals_a_public_package() {
    let values = values();
    let seen: std::collections::BTreeSet<&str> = values.records.iter().map(|r| r.method.as_str()).collect();
    assert_eq!(seen.len(), Method::ALL.len());
    for record in &values.records {
        let maps = maps(&NativeEngine::new(), &values, record.scale, request(record, values.seed)).unwrap();
        assert_eq!(maps.size, record.size);
        let deviation = deviation(&maps.values, &record.map);
        // Masked and noisy images are f32 here and f64 there; grad-cam adds another small constant.
        let tolerance = match record.method.as_str() {
            "smooth_grad_cam_pp" | "score_cam" | "ss_cam" | "is_cam" => 1e-6,
            _ if record.package == "grad-cam" => 1e-4,
            _ => 1e-9,
        };
        println!("{} {} {} {}: {deviation:.1e}", record.package, record.method, record.form, record.layer);
        assert!(
            deviation <= tolerance,
            "{} {} {}: {deviation:e}",
            record.package,
            record.method,
            record.layer
        );
    }
}

#[test]
fn both_engines_agree() {
    let values = values();
    let burn = BurnEngine::open(DeviceSpec::Cpu).unwrap();
    for method in Method::ALL.iter().copied().filter(|m| *m != Method::SsCam) {
        for layer in [Layer::Features, Layer::LastConv] {
            let request = CamRequest { layer, method, form: Form::Paper, seed: 9 };
            let ours = maps(&NativeEngine::new(), &values, 1.0, request).unwrap();
            let theirs = maps(&burn, &values, 1.0, request).unwrap();
            assert!(deviation(&ours.values, &theirs.values) < 1e-9, "{method:?} {layer:?}");
        }
    }
}

#[test]
fn wrong_classes_are_refused() {
    let mut values = values();
    values.classes = vec![3, 10];
    let error = maps(&NativeEngine::new(), &values, 1.0, CamRequest::default()).unwrap_err();
    assert_eq!(error, CamError::Classes { found: 2, images: 2, classes: 10 });
}

/// A network without convolutions, or without maps, has nothing to look at.
#[test]
fn networks_without_maps_are_refused() {
    use untrained::graph::{Builder, Shape};
    let mut b = Builder::new("Flat", Shape::map(3, 4, 4));
    let x = b.input();
    let x = b.flatten(x);
    let logits = b.linear("fc", x, 10);
    let graph = b.finish(logits).unwrap();
    assert_eq!(Layer::LastConv.node(&graph), Err(CamError::NoConvolution));
    assert_eq!(Layer::Features.node(&graph), Err(CamError::NoMap));
    assert!(graph.params().iter().all(|p| !matches!(p.role, ParamRole::RunningVar)));
}
