//! `fetch` against a server that cuts, ignores ranges, lies about sizes and serves wrong bytes.

use crate::server::{Reply, Request, Server, assert_in_place, assert_nothing, data, get_one, sha256};
use untrained::data::DataError;

#[test]
fn a_file_is_fetched_once() {
    let (server, dir) = (Server::start(|r, _| Reply::honest(&data(), r)), tempfile::tempdir().unwrap());
    let fetched = get_one(&server, dir.path(), None).unwrap();
    assert_eq!((fetched.new.len(), fetched.there.len()), (1, 0));
    assert_in_place(dir.path());
    let again = get_one(&server, dir.path(), None).unwrap();
    assert_eq!((again.new.len(), again.there.len()), (0, 1));
    assert_eq!(server.seen().len(), 1, "what is there and right is not asked for");
}

#[test]
fn a_cut_connection_is_resumed() {
    let server = Server::start(|r, n| {
        let reply = Reply::honest(&data(), r);
        if n < 3 { reply.cut(70_000) } else { reply }
    });
    let dir = tempfile::tempdir().unwrap();
    get_one(&server, dir.path(), None).unwrap();
    assert_in_place(dir.path());
    let ranges: Vec<_> = server.seen().iter().map(|r| r.from).collect();
    assert_eq!(ranges, [None, Some(70_000), Some(140_000), Some(210_000)]);
}

#[test]
fn a_part_of_an_earlier_run_is_gone_on_with() {
    let (server, dir) = (Server::start(|r, _| Reply::honest(&data(), r)), tempfile::tempdir().unwrap());
    get_one(&server, dir.path(), Some(&data()[..123_456])).unwrap();
    assert_in_place(dir.path());
    assert_eq!(server.seen()[0].from, Some(123_456));

    let dir = tempfile::tempdir().unwrap();
    get_one(&server, dir.path(), Some(&data())).unwrap();
    assert_in_place(dir.path());
    assert_eq!(server.seen().len(), 1, "a complete part needs no request");
}

#[test]
fn a_wrong_part_is_thrown_away() {
    let (server, dir) = (Server::start(|r, _| Reply::honest(&data(), r)), tempfile::tempdir().unwrap());
    get_one(&server, dir.path(), Some(&[7; 1000])).unwrap();
    assert_in_place(dir.path());
    let ranges: Vec<_> = server.seen().iter().map(|r| r.from).collect();
    assert_eq!(ranges, [Some(1000), None]);

    let dir = tempfile::tempdir().unwrap();
    get_one(&server, dir.path(), Some(&[7; 400_000])).unwrap();
    assert_in_place(dir.path());
}

#[test]
fn a_server_that_ignores_ranges_starts_anew() {
    let (server, dir) = (Server::start(|_, _| Reply::whole(&data())), tempfile::tempdir().unwrap());
    get_one(&server, dir.path(), Some(&[7; 1000])).unwrap();
    assert_in_place(dir.path());
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_server_that_cannot_resume_is_asked_anew() {
    let server = Server::start(|r, _| match r.from {
        Some(_) => Reply::new("416 Range Not Satisfiable").header("Content-Length: 0"),
        None => Reply::whole(&data()),
    });
    let dir = tempfile::tempdir().unwrap();
    get_one(&server, dir.path(), Some(&data()[..1000])).unwrap();
    assert_in_place(dir.path());
}

#[test]
fn another_range_than_asked_for_is_not_used() {
    let server = Server::start(|r, _| match r.from {
        Some(from) => Reply::honest(&data(), &Request { from: Some(from + 1), ..r.clone() }),
        None => Reply::whole(&data()),
    });
    let dir = tempfile::tempdir().unwrap();
    get_one(&server, dir.path(), Some(&data()[..1000])).unwrap();
    assert_in_place(dir.path());

    let lying = Server::start(|r, _| {
        let from = r.from.unwrap_or(0);
        Reply::new("206 Partial Content")
            .header(format!("Content-Range: bytes {from}-999998/999999"))
            .body(&data())
    });
    let dir = tempfile::tempdir().unwrap();
    let error = get_one(&lying, dir.path(), Some(&data()[..1000])).unwrap_err();
    assert!(matches!(error, DataError::WrongAnswer { .. }), "{error}");
    assert!(error.to_string().contains("999999 bytes instead of 300000"), "{error}");
}

#[test]
fn announced_sizes_that_differ_are_refused() {
    for length in [299_999, 300_001, 0] {
        let server = Server::start(move |_, _| {
            Reply::new("200 OK").header(format!("Content-Length: {length}")).body(&data())
        });
        let dir = tempfile::tempdir().unwrap();
        let error = get_one(&server, dir.path(), None).unwrap_err();
        assert!(matches!(error, DataError::WrongAnswer { .. }), "{error}");
        assert!(error.to_string().contains(&format!("{length} bytes instead of 300000")), "{error}");
        assert_nothing(dir.path());
    }
}

#[test]
fn a_body_without_end_is_cut_off() {
    let endless = [data(), vec![1; 1 << 20]].concat();
    let server = Server::start(move |_, _| Reply::new("200 OK").body(&endless));
    let dir = tempfile::tempdir().unwrap();
    let error = get_one(&server, dir.path(), None).unwrap_err();
    assert!(error.to_string().contains("more than 300000 bytes"), "{error}");
    assert_nothing(dir.path());
    assert!(!dir.path().join("set/x.bin.part").exists(), "bytes of another file are not kept");
}

#[test]
fn a_body_that_ends_early_is_an_error_and_stays_resumable() {
    let server = Server::start(|_, _| Reply::whole(&data()).cut(50_000));
    let dir = tempfile::tempdir().unwrap();
    let error = get_one(&server, dir.path(), None).unwrap_err();
    assert!(matches!(error, DataError::Network { .. }), "{error}");
    assert!(error.to_string().contains("what has arrived is kept"), "{error}");
    assert_nothing(dir.path());
    assert_eq!(std::fs::read(dir.path().join("set/x.bin.part")).unwrap(), data()[..50_000]);
    assert_eq!(server.seen().len(), 4, "one attempt that brought something and three that did not");
}

#[test]
fn wrong_bytes_are_never_put_in_place() {
    let server = Server::start(|_, _| Reply::whole(&[9; 300_000]));
    let dir = tempfile::tempdir().unwrap();
    let error = get_one(&server, dir.path(), None).unwrap_err();
    assert!(matches!(error, DataError::WrongBytes { .. }), "{error}");
    assert!(error.to_string().contains(&sha256(&data())), "{error}");
    assert_nothing(dir.path());
    assert!(!dir.path().join("set/x.bin.part").exists());
}

#[test]
fn an_encoded_answer_is_refused() {
    let server = Server::start(|_, _| Reply::whole(&data()).header("Content-Encoding: gzip"));
    let error = get_one(&server, tempfile::tempdir().unwrap().path(), None).unwrap_err();
    assert!(error.to_string().contains("gzip-encoded"), "{error}");
}
