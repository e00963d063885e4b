//! `untrained verify`: recorded scores against scores computed again.

use crate::common::untrained;
use crate::runs::{self, SMALL, journal, score};
use predicates::str::contains;

#[test]
fn a_run_agrees_with_itself() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    score(&out, SMALL).assert().success();
    let folder = out.to_str().unwrap();
    let verified = untrained(&["verify", folder, "--count", "30"]).assert().success();
    verified.stdout(contains("30 of 30 records are identical to the last bit"));
    let json = untrained(&["verify", folder, "--seed", "3", "--format", "json"]).assert().success();
    let json: serde_json::Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!((&json["checked"], &json["differing"]), (&20.into(), &0.into()));
    assert_eq!(json["largest_absolute"], 0.0);
    // On other arithmetic scores differ by rounding, within the tolerance that is said.
    let other = untrained(&["verify", folder, "--engine", "burn"]).assert().success();
    other.stdout(contains("20 of 20 records are within a relative 1e-3"));
}

/// A second mini-batch, other forms of a network, ranked components and training are all functions of the run's seeds.
#[test]
fn what_is_more_than_a_pass_is_computed_again_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let proxies = "zico,meco,az_nas,saliency:exact,swap,eproxy";
    let args = [
        "--sample",
        "2",
        "--repetitions",
        "2",
        "--vary",
        "weights,batch",
        "--proxies",
        proxies,
        "--threads",
        "2",
    ];
    score(&out, &args).assert().success();
    let verified = untrained(&["verify", out.to_str().unwrap(), "--count", "24"]).assert().success();
    verified.stdout(contains("24 of 24 records are identical to the last bit"));
}

#[test]
fn a_forged_score_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    runs::unfinished(&out, 80);
    let mut records = runs::records(&out);
    // The last digit of one score out of eighty.
    let forged = records.iter_mut().find(|r| r.repetition == 1 && r.proxy == "naswot").unwrap();
    let score = forged.score.unwrap();
    forged.score = Some(f64::from_bits(score.to_bits() + 1));
    std::fs::remove_file(journal(&out)).unwrap();
    let mut journal = untrained::store::journal::Journal::open(&journal(&out), 0).unwrap();
    records.iter().for_each(|record| journal.append(record).unwrap());
    let folder = out.to_str().unwrap();
    let found = untrained(&["verify", folder, "--count", "80"]).assert().code(1);
    found.stdout(contains("79 of 80 records are identical")).stdout(contains("naswot on"));
}

#[test]
fn other_data_and_no_run_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    runs::unfinished(&out, 3);
    let manifest = out.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let at = text.find("\"batch\": {").unwrap();
    let digest = at + text[at..].find("\"sha256\": \"").unwrap() + 11;
    let mut other = text.clone().into_bytes();
    other[digest] = if other[digest] == b'0' { b'1' } else { b'0' };
    std::fs::write(&manifest, other).unwrap();
    let folder = out.to_str().unwrap();
    let refused = untrained(&["verify", folder]).assert().failure();
    refused.stderr(contains("the mini-batch of repetition 0 is not the one"));
    std::fs::write(&manifest, text.replace("\"nats_sss\"", "\"nats_xxl\"")).unwrap();
    let refused = untrained(&["verify", folder]).assert().failure();
    refused.stderr(contains("space `nats_xxl`, which this program does not know"));
    untrained(&["verify", dir.path().to_str().unwrap()]).assert().failure().stderr(contains("holds no run"));
}
