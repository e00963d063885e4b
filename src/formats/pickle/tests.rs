use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

/// Lines of `fixtures.txt`: name, protocol, bytes.
fn fixtures(name: &str) -> Vec<(u8, Vec<u8>)> {
    let lines = include_str!("fixtures.txt").lines().filter(|line| !line.starts_with('#'));
    let all: Vec<_> = lines
        .filter_map(|line| {
            let mut parts = line.split(' ');
            (parts.next()? == name).then_some(())?;
            let protocol = parts.next()?.parse().ok()?;
            Some((protocol, hex::decode(parts.next()?).ok()?))
        })
        .collect();
    assert!(!all.is_empty(), "no fixture {name}");
    all
}

fn read(data: &[u8]) -> Result<Value<'_>, PickleError> {
    decode(data, &Limits::default())
}

fn text(value: &str) -> Value<'_> {
    Value::Str(Cow::Borrowed(value))
}

#[test]
fn all_protocols_give_the_same_data() {
    let expected = Value::Dict(vec![
        (
            text("a"),
            Value::List(vec![
                Value::Int(1),
                Value::Int(-2),
                Value::Int(300),
                Value::Int(70_000),
                Value::Int(1 << 40),
                Value::Bool(true),
                Value::None,
            ]),
        ),
        (
            text("t"),
            Value::Tuple(vec![Value::Float(1.5), text("é\n"), Value::Bytes(Cow::Borrowed(&[0, 255]))]),
        ),
        (text("s"), Value::Set(vec![Value::Int(7)])),
        (text("e"), Value::Tuple(vec![])),
        (text("o"), Value::Dict(vec![(text("k"), Value::Float(0.25))])),
    ]);
    for (protocol, bytes) in fixtures("plain") {
        assert_eq!(read(&bytes).unwrap(), expected, "protocol {protocol}");
    }
}

#[test]
fn numpy_arrays_and_scalars_become_data() {
    for (protocol, bytes) in fixtures("numpy") {
        let value = read(&bytes).unwrap();
        let [Value::Array(bytes), scalar, Value::Array(big), Value::Array(fortran)] = value.items().unwrap()
        else {
            panic!("protocol {protocol}: {value:?}");
        };
        assert_eq!(bytes.shape, [2, 3]);
        assert_eq!(bytes.as_u8().unwrap(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(scalar, &Value::Float(2.5));
        assert_eq!(big.to_i64().unwrap(), [-1, 258]);
        assert!(fortran.fortran_order);
        assert_eq!(fortran.to_f64().unwrap(), [1.0, 3.0, 2.0, 4.0]);
    }
}

#[test]
fn protocol_5_byte_arrays_and_frozen_sets_are_data() {
    let (_, bytes) = &fixtures("list_of_bytes")[0];
    let expected = Value::List(vec![Value::Bytes(Cow::Borrowed(b"ab")), Value::Set(vec![Value::Int(1)])]);
    assert_eq!(read(bytes).unwrap(), expected);
}

#[test]
fn python_2_strings_escapes_and_classes_are_read() {
    assert_eq!(read(b"S'a\\x41\\n\\101\\q'\n.").unwrap(), Value::Bytes(Cow::Borrowed(b"aA\nA\\q")));
    assert_eq!(
        read(b"(dU\x06labels(lp1\nI3\nas.").unwrap().get("labels"),
        Some(&Value::List(vec![Value::Int(3)]))
    );
    let object = read(b"(ifoo\nBar\n.").unwrap();
    assert_eq!(object.kind(), "a call of foo.Bar (not executed)");
}

#[test]
fn a_call_of_os_system_stays_opaque() {
    let (_, bytes) = &fixtures("evil")[0];
    let value = read(bytes).unwrap();
    let Some(Value::Object(call)) = value.get("x") else { panic!("{value:?}") };
    assert_eq!((call.module.as_str(), call.name.as_str()), ("posix", "system"));
    assert_eq!(value.get("x").unwrap().as_f64(), None);
}

#[test]
fn every_truncation_is_an_error() {
    for name in ["plain", "numpy"] {
        for (protocol, bytes) in fixtures(name) {
            for end in 0..bytes.len() {
                assert!(read(&bytes[..end]).is_err(), "{name}, protocol {protocol}, cut at {end}");
            }
        }
    }
}

#[test]
fn a_forged_length_is_refused_before_anything_is_reserved() {
    let forged = b"\x80\x04B\xff\xff\xff\xffabc.";
    let error = read(forged).unwrap_err();
    assert_eq!(error.offset, 2);
    assert_eq!(
        error.kind,
        PickleErrorKind::Truncated { what: "a byte string", needed: 0xffff_ffff, left: 4 }
    );
    assert!(read(b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.").is_err());
    assert!(read(b"\x8b\xff\xff\xff\xff.").is_err());
}

#[test]
fn a_billion_laughs_is_refused() {
    // Each round appends the last list ten times to a new one and memoises it.
    let mut bomb = b"\x80\x04]\x94".to_vec();
    for round in 0..20u8 {
        bomb.extend(b"](");
        for _ in 0..10 {
            bomb.extend([b'h', round]);
        }
        bomb.extend(b"e\x94");
    }
    bomb.push(b'.');
    let limits = Limits { max_values: 100_000, ..Limits::default() };
    let error = decode(&bomb, &limits).unwrap_err();
    assert_eq!(error.kind, PickleErrorKind::TooManyValues { limit: 100_000 });
}

#[test]
fn copies_of_decoded_text_are_limited() {
    // One kilobyte of text that has to be unescaped, referred to 2,000 times.
    let mut bomb = b"(V\\u0041".to_vec();
    bomb.extend([b'a'; 1000]);
    bomb.extend(b"\np0\n");
    bomb.extend(b"h\x00".repeat(2000));
    bomb.extend(b"t.");
    let limits = Limits { max_bytes: 100_000, ..Limits::default() };
    assert!(matches!(decode(&bomb, &limits).unwrap_err().kind, PickleErrorKind::TooManyValues { .. }));
}

#[test]
fn cycles_and_deep_nesting_are_refused() {
    let limit = Limits::default().max_depth;
    assert_eq!(read(b"]\x94h\x00a.").unwrap_err().kind, PickleErrorKind::TooDeep { limit });
    let deep: Vec<u8> = b"]".repeat(1000).into_iter().chain(b"a".repeat(999)).chain(*b".").collect();
    assert_eq!(read(&deep).unwrap_err().kind, PickleErrorKind::TooDeep { limit });
}

#[test]
fn a_flood_of_values_is_refused() {
    let flood: Vec<u8> = b"(".iter().copied().chain(b"N".repeat(2000)).chain(*b"t.").collect();
    let limits = Limits { max_values: 1000, ..Limits::default() };
    assert_eq!(decode(&flood, &limits).unwrap_err().kind, PickleErrorKind::TooManyValues { limit: 1000 });
    let short = Limits { max_bytes: 10, ..Limits::default() };
    assert!(matches!(decode(&flood, &short).unwrap_err().kind, PickleErrorKind::TooLong { .. }));
}

#[test]
fn malformed_programs_name_the_byte() {
    for (program, offset) in [
        (&b"N\xfe."[..], 1),
        (b"Nh\x07.", 1),
        (b"NNa.", 2),
        (b"(a.", 1),
        (b"t.", 0),
        (b"}(Nu.", 3),
        (b"NN\x93.", 2),
        (b"NNR.", 2),
        (b"Px\n.", 0),
        (b"\x8a\x09aaaaaaaaa.", 0),
        (b"X\x01\x00\x00\x00\xff.", 0),
        (b".", 0),
        (b"", 0),
    ] {
        assert_eq!(read(program).unwrap_err().offset, offset, "{program:?}");
    }
}

#[test]
fn an_array_whose_bytes_do_not_fill_its_shape_is_refused() {
    let (_, mut bytes) = fixtures("numpy").remove(2);
    // The first shape, (2, 3), is written K 02 K 03.
    let at = bytes.windows(4).position(|w| w == [b'K', 2, b'K', 3]).unwrap();
    bytes[at + 1] = 200;
    assert!(matches!(read(&bytes).unwrap_err().kind, PickleErrorKind::Malformed(_)));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&data);
    }

    /// Random bytes rarely get past a few opcodes; a damaged valid file does.
    #[test]
    fn damaged_pickles_never_panic(which in 0usize..4, edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let (_, mut bytes) = fixtures("numpy").swap_remove(which);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes);
    }

    /// Programs made of opcodes only, so that stack and memo are exercised.
    #[test]
    fn random_programs_never_panic(ops in proptest::collection::vec(prop::sample::select(&b"(012NK\x88]})\x8flt\x91\x85\x86\x87ae\x90su\x93R\x81\x92ob\x94hq."[..]), 0..200)) {
        let _ = read(&ops);
    }
}
