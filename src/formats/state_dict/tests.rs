use proptest::prelude::*;

use super::*;

/// `torch.save({"a": arange(6.).reshape(2, 3), "b": arange(3).half(), "n": tensor(5)})` by PyTorch 2.9.1: `data.pkl`.
const PICKLE: &[u8] = b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01(X\x01\x00\x00\x00aq\x02ctorch._utils\n_rebuild_tensor_v2\nq\x03((\
    X\x07\x00\x00\x00storageq\x04ctorch\nFloatStorage\nq\x05X\x01\x00\x00\x000q\x06X\x03\x00\x00\x00cpuq\x07K\x06tq\x08QK\x00K\x02K\x03\
    \x86q\tK\x03K\x01\x86q\n\x89h\x00)Rq\x0btq\x0cRq\rX\x01\x00\x00\x00bq\x0eh\x03((h\x04ctorch\nHalfStorage\nq\x0fX\x01\x00\x00\x001q\x10\
    h\x07K\x03tq\x11QK\x00K\x03\x85q\x12K\x01\x85q\x13\x89h\x00)Rq\x14tq\x15Rq\x16X\x01\x00\x00\x00nq\x17h\x03((h\x04ctorch\nLongStorage\n\
    q\x18X\x01\x00\x00\x002q\x19h\x07K\x01tq\x1aQK\x00))\x89h\x00)Rq\x1btq\x1cRq\x1du.";

/// The same without an archive (`_use_new_zipfile_serialization=False`).
const LEGACY: &[u8] = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q\x00(X\r\x00\x00\x00little_endianq\x02\x88u.\
    \x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01(X\x01\x00\x00\x00aq\x02ctorch._utils\n_rebuild_tensor_v2\nq\x03((X\x07\x00\x00\x00\
    storageq\x04ctorch\nFloatStorage\nq\x05X\x01\x00\x00\x00Aq\x06X\x03\x00\x00\x00cpuq\x07K\x06Ntq\x08QK\x00K\x02K\x03\x86q\tK\x03K\x01\
    \x86q\n\x89h\x00)Rq\x0btq\x0cRq\rX\x01\x00\x00\x00bq\x0eh\x03((h\x04ctorch\nHalfStorage\nq\x0fX\x01\x00\x00\x00Bq\x10h\x07K\x03Ntq\x11\
    QK\x00K\x03\x85q\x12K\x01\x85q\x13\x89h\x00)Rq\x14tq\x15Rq\x16X\x01\x00\x00\x00nq\x17h\x03((h\x04ctorch\nLongStorage\nq\x18X\x01\x00\
    \x00\x00Cq\x19h\x07K\x01Ntq\x1aQK\x00))\x89h\x00)Rq\x1btq\x1cRq\x1du.\x80\x02]q\x00(X\x01\x00\x00\x00Bq\x01X\x01\x00\x00\x00Cq\x02\
    X\x01\x00\x00\x00Aq\x03e.\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00<\x00@\x01\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\
    \x00\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@";

/// Header of a safetensors file of ten bytes of numbers.
const HEADER: &str = r#"{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[2,10]},
    "h":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}"#;

/// An archive of stored entries; `wide` writes sizes and places into 64-bit records, as files over 4 GiB have them.
fn archive(entries: &[(&str, &[u8])], wide: bool) -> Vec<u8> {
    let (mut file, mut list) = (vec![], vec![]);
    for (name, content) in entries {
        let (at, size) = (file.len(), content.len());
        file.extend(zip::MAGIC);
        file.extend([0; 14]);
        file.extend((size as u32).to_le_bytes());
        file.extend((size as u32).to_le_bytes());
        file.extend((name.len() as u16).to_le_bytes());
        file.extend(3u16.to_le_bytes());
        file.extend(name.as_bytes());
        file.extend([7; 3]);
        file.extend(*content);
        let (small, more) = if wide { ([u32::MAX; 2], 28u16) } else { ([size as u32, at as u32], 0) };
        list.extend(b"PK\x01\x02");
        list.extend([0; 16]);
        list.extend(small[0].to_le_bytes());
        list.extend(small[0].to_le_bytes());
        list.extend((name.len() as u16).to_le_bytes());
        list.extend(more.to_le_bytes());
        list.extend([0; 10]);
        list.extend(small[1].to_le_bytes());
        list.extend(name.as_bytes());
        if wide {
            list.extend([1, 0, 24, 0]);
            [size, size, at].iter().for_each(|n| list.extend((*n as u64).to_le_bytes()));
        }
    }
    let start = file.len();
    file.extend(&list);
    let record = file.len();
    if wide {
        file.extend(b"PK\x06\x06");
        file.extend([0; 28]);
        [entries.len(), list.len(), start].iter().for_each(|n| file.extend((*n as u64).to_le_bytes()));
        file.extend(b"PK\x06\x07\0\0\0\0");
        file.extend((record as u64).to_le_bytes());
        file.extend([1, 0, 0, 0]);
    }
    let (count, start) = if wide { (u16::MAX, u32::MAX) } else { (entries.len() as u16, start as u32) };
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(count.to_le_bytes());
    file.extend(count.to_le_bytes());
    file.extend((list.len() as u32).to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0; 2]);
    file
}

type Entry = (&'static str, &'static [u8]);

fn entries() -> Vec<Entry> {
    const A: &[u8] = b"\0\0\0\0\0\0\x80?\0\0\0@\0\0@@\0\0\x80@\0\0\xa0@";
    vec![
        ("x/data.pkl", PICKLE),
        ("x/byteorder", b"little"),
        ("x/data/0", A),
        ("x/data/1", b"\0\0\0<\0@"),
        ("x/data/2", b"\x05\0\0\0\0\0\0\0"),
    ]
}

fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), data].concat()
}

fn check(file: &[u8]) {
    let dict = StateDict::parse(file).unwrap();
    let tensor = |name: &str| dict.get(name).cloned().unwrap();
    assert_eq!(tensor("a"), Tensor { shape: vec![2, 3], values: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0] });
    assert_eq!(tensor("b"), Tensor { shape: vec![3], values: vec![0.0, 1.0, 2.0] });
    assert_eq!(tensor("n"), Tensor { shape: vec![], values: vec![5.0] });
}

#[test]
fn files_of_pytorch() {
    check(&archive(&entries(), false));
    check(&archive(&entries(), true));
    check(LEGACY);
}

/// `{"ema": d, "state_dict": d, "more": c}`: the dict `d`, empty when it is memoised, holds a tensor; `c` is a complex one.
#[test]
fn a_dict_with_two_names_is_read_and_what_is_beside_it_is_not() {
    const REBUILD: &str = "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n";
    const REST: &str =
        "X\x01\0\0\x000X\x03\0\0\0cpuK\x06tQK\0K\x06\u{85}K\x01\u{85}\u{89}ccollections\nOrderedDict\n)RtR";
    let [float, complex] =
        ["FloatStorage", "ComplexFloatStorage"].map(|class| format!("{REBUILD}{class}\n{REST}"));
    let text = format!(
        "\u{80}\x02}}(X\x03\0\0\0ema}}q\x01(X\x01\0\0\0w{float}uX\n\0\0\0state_dicth\x01X\x04\0\0\0more{complex}u."
    );
    let pickle: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let mut entries: Vec<(&str, &[u8])> = entries();
    entries[0].1 = &pickle;
    let dict = StateDict::parse(&archive(&entries, false)).unwrap();
    assert_eq!(dict.names().collect::<Vec<_>>(), ["w"]);
    assert_eq!(dict.get("w").unwrap().values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn tensors_are_found_under_the_keys_of_training_scripts() {
    for key in ["net", "model", "model_state_dict", "state_dict"] {
        let length = (key.len() as u32).to_le_bytes();
        let (bare, epoch) = (&PICKLE[2..PICKLE.len() - 1], b"X\x05\0\0\0epochK\x07");
        let nested = [&b"\x80\x02}("[..], epoch, b"X", &length, key.as_bytes(), bare, b"u."].concat();
        let mut entries: Vec<(&str, &[u8])> = entries();
        entries[0].1 = &nested;
        check(&archive(&entries, false));
    }
}

#[test]
fn safetensors_files() {
    let dict = StateDict::parse(&safetensors(HEADER, b"\0<\0\0\x80?\0\0\0@")).unwrap();
    assert_eq!(dict.get("x"), Some(&Tensor { shape: vec![1, 2], values: vec![1.0, 2.0] }));
    assert_eq!(dict.get("h"), Some(&Tensor { shape: vec![], values: vec![1.0] }));
    assert_eq!(dict.names().collect::<Vec<_>>(), ["h", "x"]);
}

#[test]
fn prefixes_go_only_where_all_have_them() {
    let header = r#"{"m.a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"m.b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#;
    let dict = StateDict::parse(&safetensors(header, &[])).unwrap();
    assert_eq!(dict.clone().without_prefix("m.").names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(dict.without_prefix("m.a").names().collect::<Vec<_>>(), ["m.a", "m.b"]);
}

fn problem(file: &[u8]) -> String {
    StateDict::parse(file).unwrap_err().to_string()
}

#[test]
fn damaged_files_are_refused_with_a_reason() {
    let one = |entry: &str| problem(&safetensors(&format!(r#"{{"x":{entry}}}"#), &[0; 8]));
    for (found, part) in [
        (problem(b""), "neither a safetensors file"),
        (problem(b"<html>not found</html>"), "neither"),
        (problem(&[255, 255, 255, 255, 255, 255, 255, 127, b'{']), "too long"),
        (problem(&safetensors("{}", &[])[..9]), "ends within the header"),
        (problem(&safetensors("{x", &[])), "malformed safetensors header"),
        (one(r#"{"dtype":"F8","shape":[8],"data_offsets":[0,8]}"#), "type F8 are not read"),
        (one(r#"{"dtype":"F32","shape":[2],"data_offsets":[4,12]}"#), "truncated"),
        (one(r#"{"dtype":"F32","shape":[2],"data_offsets":[8,0]}"#), "not there"),
        (one(r#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#), "shape [3]"),
        (
            one(r#"{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}"#),
            "shape [4611686018427387904, 4]",
        ),
        (one(r#"{"shape":[1]}"#), "no dtype"),
        (one(r#"{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#), "offset for tensor `x`"),
        (one(r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#), "not fully covered"),
        (
            one(
                r#"{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}"#,
            ),
            "offset for tensor `y`; the file is damaged",
        ),
        (
            one(r#"{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}"#),
            "of 8 are not there",
        ),
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
}

#[test]
fn damaged_archives_are_refused_with_a_reason() {
    let with = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut all = entries();
        change(&mut all);
        problem(&archive(&all, false))
    };
    let without = |name: &str| with(&|all| all.retain(|(entry, _)| *entry != name));
    assert!(with(&|all| all[1].1 = b"big").contains("little-endian"));
    assert!(with(&|all| all[2].1 = b"1234").contains("tensor `a`: its storage is shorter"));
    assert!(without("x/data/1").contains("tensor `b`: its storage is not in the file"));
    assert!(without("x/data.pkl").contains("data.pkl"));
    assert!(with(&|all| all[0].1 = b"\x80\x02K\x01.").contains("an int was found"));
    assert!(with(&|all| all[0].1 = b"\x80\x02}.").contains("without tensors"));
    let whole = archive(&entries(), false);
    assert!(problem(&whole[..whole.len() - 30]).contains("truncated"));
    let mut packed = whole;
    let at = packed.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    packed[at + 10] = 8;
    assert!(problem(&packed).contains("x/data.pkl` is compressed"));
    assert!(problem(&LEGACY[..LEGACY.len() - 1]).contains("truncated"));
}

proptest! {
    /// Whatever a byte is changed to, the answer is tensors or an error.
    #[test]
    fn changed_bytes_never_panic(at in 0usize..1200, byte: u8, cut in 0usize..1200, which in 0usize..4) {
        let mut file = match which {
            0 => archive(&entries(), false),
            1 => archive(&entries(), true),
            2 => safetensors(HEADER, b"\0<\0\0\x80?\0\0\0@"),
            _ => LEGACY.to_vec(),
        };
        let (at, cut) = (at % file.len(), cut % file.len());
        file[at] = byte;
        let _ = StateDict::parse(&file);
        let _ = StateDict::parse(&file[..cut]);
    }
}
