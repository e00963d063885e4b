use std::time::Instant;
use untrained::engine::*;
use untrained::scoring::*;
use untrained::spaces::{self, NetworkInput};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (space, file, proxies, batch, limit): (&str, &str, &str, usize, usize) =
        (&a[1], &a[2], &a[3], a[4].parse().unwrap(), a[5].parse().unwrap());
    let engine: Box<dyn Engine> = Box::new(NativeEngine::new());
    let settings = Settings {
        space: spaces::find(space).unwrap(),
        input: NetworkInput { resolution: 32, classes: 10 },
        seeds: Seeds::default(),
        init: Default::default(),
        precision: Default::default(),
        repetition: 0,
        hda_networks: None,
    };
    let mut images = vec![0f32; batch * 3072];
    untrained::keyed::Stream::new(0, "x").fill_normal(1.0, &mut images);
    let inputs = Inputs::new(images, [batch, 3, 32, 32], 0);
    let set = CandidateSet { settings, engine: engine.as_ref(), inputs: &inputs, order: &|_| None };
    let list = std::fs::read_to_string(file).unwrap();
    for p in proxies.split(',') {
        let pp = vec![PreparedProxy::new(p.parse().unwrap(), &set)];
        let (mut build, mut total, mut n) = (0.0, 0.0, 0);
        for arch in list.lines().take(limit) {
            let mut best = f64::MAX;
            let mut bb = 0.0;
            for _ in 0..3 {
                let t = Instant::now();
                let net = Network::build(settings, arch).unwrap();
                net.weights(pp[0].proxy.proxy.spec().init);
                let b = t.elapsed().as_secs_f64() * 1e3;
                let t = Instant::now();
                let o = score(engine.as_ref(), &net, &inputs, &pp);
                let c = t.elapsed().as_secs_f64() * 1e3;
                std::hint::black_box(&o);
                if c < best {
                    best = c;
                    bb = b;
                }
            }
            build += bb;
            total += best;
            n += 1;
            if std::env::var("V").is_ok() {
                println!("{best:8.2} {arch}");
            }
        }
        println!("{p}: mean build {:.2} compute {:.2} ms", build / n as f64, total / n as f64);
    }
}
