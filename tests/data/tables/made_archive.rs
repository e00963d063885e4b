//! An official archive that is made up, as large as a test needs: the size topology of NATS-Bench with few records.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Architecture `index` of the size space.
pub fn arch(index: usize) -> String {
    let channels = [12, 9, 6, 3, 0].map(|shift| (8 * (1 + ((index >> shift) & 7))).to_string());
    channels.join(":")
}

/// The test accuracy on CIFAR-10 that the made-up record of architecture `index` states for a training seed.
pub fn accuracy(index: usize, seed: u32) -> f64 {
    50.0 + (index % 400) as f64 / 10.0 + f64::from(seed) / 1000.0
}

fn text(text: &str) -> String {
    format!("S'{text}'\n")
}

fn int(number: usize) -> String {
    format!("I{number}\n")
}

fn dict(items: &[(String, String)]) -> String {
    let set: String = items.iter().map(|(key, value)| format!("{key}{value}s")).collect();
    format!("(d{set}")
}

/// A record with two training runs, pickled in Python's text protocol. Their parameter counts differ by `disagreement`.
fn record(index: usize, disagreement: usize) -> String {
    let run = |seed: u32, params: usize| {
        let curve = dict(&[(text("ori-test@89"), format!("F{:?}\n", accuracy(index, seed)))]);
        let facts = [
            (text("epochs"), int(90)),
            (text("params"), format!("F{:?}\n", params as f64 / 1e6)),
            (text("eval_acc1es"), curve),
        ];
        (format!("({}{}t", text("cifar10"), int(seed as usize)), dict(&facts))
    };
    let params = 10_000 + index;
    let results = dict(&[run(777, params), run(888, params + disagreement)]);
    let budget = dict(&[
        (text("arch_index"), int(index)),
        (text("arch_str"), text(&arch(index))),
        (text("all_results"), results),
    ]);
    dict(&[(text("90"), budget)]) + "."
}

fn meta() -> Vec<u8> {
    let mut meta = b"\x80\x02}X\x0a\x00\x00\x00meta_archs](".to_vec();
    for arch in (0..32_768).map(arch) {
        meta.push(b'X');
        meta.extend(u32::try_from(arch.len()).unwrap().to_le_bytes());
        meta.extend(arch.as_bytes());
    }
    meta.extend(b"es.");
    meta
}

/// Writes a file of an archive.
pub fn write(folder: &Path, name: &str, pickle: &[u8]) {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(pickle).unwrap();
    fs::write(folder.join(format!("{name}.pickle.pbz2")), encoder.finish().unwrap()).unwrap();
}

/// Makes an archive in `root` with the meta file and the records of the first `count` architectures, of which every `odd`-th has
/// runs that disagree on the number of parameters.
pub fn make(root: &Path, count: usize, odd: usize) -> PathBuf {
    let folder = root.join("NATS-sss-v1_0-00000-simple");
    fs::create_dir(&folder).unwrap();
    write(&folder, "meta", &meta());
    for index in 0..count {
        let disagreement = usize::from(odd > 0 && index % odd == 0);
        write(&folder, &format!("{index:06}"), record(index, disagreement).as_bytes());
    }
    folder
}
