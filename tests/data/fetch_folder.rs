//! `fetch`: addresses and redirects, and what it does with the data folder.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::server::{Reply, Server, assert_in_place, assert_nothing, data, entry, get, get_one, quick, spec};
use untrained::data::{DataError, FetchOptions, FileSpec, Progress, Silent, fetch};

#[test]
fn statuses_are_reported_or_retried() {
    let gone = Server::start(|_, _| Reply::new("404 Not Found").header("Content-Length: 0"));
    let dir = tempfile::tempdir().unwrap();
    let error = get_one(&gone, dir.path(), None).unwrap_err();
    assert!(matches!(error, DataError::Status { status: 404, .. }), "{error}");
    assert_eq!(gone.seen().len(), 1, "what is not there is asked for once");

    let busy = Server::start(|r, n| match n {
        0 | 1 => Reply::new("503 Service Unavailable").header("Content-Length: 0"),
        _ => Reply::honest(&data(), r),
    });
    get_one(&busy, dir.path(), None).unwrap();
    assert_in_place(dir.path());

    let down = Server::start(|_, _| Reply::new("500 Internal Server Error").header("Content-Length: 0"));
    let error = get_one(&down, tempfile::tempdir().unwrap().path(), None).unwrap_err();
    assert!(matches!(error, DataError::Network { .. }) && error.to_string().contains("500"), "{error}");
    assert_eq!(down.seen().len(), 3);
}

#[test]
fn the_next_address_is_tried() {
    let gone = Server::start(|_, _| Reply::new("404 Not Found").header("Content-Length: 0"));
    let wrong = Server::start(|_, _| Reply::whole(&[9; 300_000]));
    let good = Server::start(|r, _| Reply::honest(&data(), r));
    let urls = [&gone, &wrong, &good].map(|s| s.url("x.bin")).to_vec();
    let dir = tempfile::tempdir().unwrap();
    get(&entry(vec![spec("x.bin", &data(), urls)]), dir.path()).unwrap();
    assert_in_place(dir.path());
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let server = Server::start(|r, _| match r.path.as_str() {
        "/x.bin" => Reply::new("302 Found").header("Location: /moved/x.bin").header("Content-Length: 0"),
        _ => Reply::honest(&data(), r),
    });
    let dir = tempfile::tempdir().unwrap();
    get_one(&server, dir.path(), Some(&data()[..1000])).unwrap();
    assert_in_place(dir.path());
    assert_eq!(server.seen()[1].from, Some(1000), "the range survives the redirect");

    let circle =
        Server::start(|_, _| Reply::new("302 Found").header("Location: /x.bin").header("Content-Length: 0"));
    let error = get_one(&circle, tempfile::tempdir().unwrap().path(), None).unwrap_err();
    assert!(matches!(error, DataError::WrongAnswer { .. }), "{error}");
}

#[test]
fn no_server_at_all_is_a_network_error() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let entry = entry(vec![spec("x.bin", &data(), vec![format!("http://{address}/x.bin")])]);
    let error = get(&entry, tempfile::tempdir().unwrap().path()).unwrap_err();
    assert!(matches!(error, DataError::Network { .. }), "{error}");
}

#[test]
fn an_unwritable_folder_is_said_before_anything_is_asked_for() {
    let (server, dir) = (Server::start(|r, _| Reply::honest(&data(), r)), tempfile::tempdir().unwrap());
    std::fs::write(dir.path().join("set"), "a file where the folder should be").unwrap();
    let error = get_one(&server, dir.path(), None).unwrap_err();
    assert!(matches!(error, DataError::Unwritable { .. }), "{error}");
    assert!(error.to_string().contains("--data-dir"), "{error}");
    assert!(server.seen().is_empty());
}

#[test]
fn an_interrupt_leaves_a_part_to_go_on_from() {
    struct StopAfter<'a>(&'a AtomicBool);
    impl Progress for StopAfter<'_> {
        fn start(&self, _: &str, _: u64, _: Option<u64>) {}
        fn advance(&self, _: u64) {
            self.0.store(true, Ordering::Relaxed);
        }
        fn finish(&self) {}
        fn note(&self, _: &str) {}
    }
    let (server, dir) = (Server::start(|r, _| Reply::honest(&data(), r)), tempfile::tempdir().unwrap());
    let entry = entry(vec![spec("x.bin", &data(), vec![server.url("x.bin")])]);
    let stop = AtomicBool::new(false);
    let error = fetch(&entry, dir.path(), &quick(), &stop, &StopAfter(&stop)).unwrap_err();
    assert!(matches!(error, DataError::Interrupted), "{error}");
    assert_nothing(dir.path());
    let part = std::fs::metadata(dir.path().join("set/x.bin.part")).unwrap().len() as usize;
    assert!(part > 0 && part < data().len(), "{part}");
    get(&entry, dir.path()).unwrap();
    assert_in_place(dir.path());
    assert_eq!(server.seen()[1].from, Some(part));
}

#[test]
fn a_file_that_differs_is_replaced_only_by_force() {
    let (server, dir) = (Server::start(|r, _| Reply::honest(&data(), r)), tempfile::tempdir().unwrap());
    std::fs::create_dir(dir.path().join("set")).unwrap();
    std::fs::write(dir.path().join("set/x.bin"), "mine").unwrap();
    let error = get_one(&server, dir.path(), None).unwrap_err();
    assert!(matches!(error, DataError::Occupied { .. }) && error.to_string().contains("--force"), "{error}");
    assert_eq!(std::fs::read(dir.path().join("set/x.bin")).unwrap(), b"mine");
    let entry = entry(vec![spec("x.bin", &data(), vec![server.url("x.bin")])]);
    let force = FetchOptions { force: true, ..quick() };
    fetch(&entry, dir.path(), &force, &AtomicBool::new(false), &Silent).unwrap();
    assert_in_place(dir.path());
}

#[test]
fn two_processes_do_not_write_one_part() {
    let (server, dir) = (Server::start(|r, _| Reply::honest(&data(), r)), tempfile::tempdir().unwrap());
    std::fs::create_dir(dir.path().join("set")).unwrap();
    let part = std::fs::File::create(dir.path().join("set/x.bin.part")).unwrap();
    part.lock().unwrap();
    let error = get_one(&server, dir.path(), None).unwrap_err();
    assert!(matches!(error, DataError::Busy { .. }), "{error}");
}

#[test]
fn files_without_address_are_named_and_mirrors_need_a_digest() {
    let (server, dir) = (Server::start(|r, _| Reply::honest(&data(), r)), tempfile::tempdir().unwrap());
    let none = entry(vec![spec("x.bin", &data(), Vec::new())]);
    assert!(matches!(get(&none, dir.path()), Err(DataError::ByHand { .. })));

    let mirror = FetchOptions { base_url: Some(format!("{}/mirror/", server.base)), ..quick() };
    fetch(&none, dir.path(), &mirror, &AtomicBool::new(false), &Silent).unwrap();
    assert_in_place(dir.path());
    assert_eq!(server.seen()[0].path, "/mirror/set/x.bin");

    let unknown = entry(vec![FileSpec { name: "y.bin".into(), ..FileSpec::default() }]);
    let refused = fetch(&unknown, dir.path(), &mirror, &AtomicBool::new(false), &Silent);
    assert!(matches!(refused, Err(DataError::ByHand { .. })), "what cannot be verified is not downloaded");

    let mixed =
        entry(vec![spec("x.bin", &data(), vec![server.url("x.bin")]), spec("z.bin", b"z", Vec::new())]);
    let fetched = get(&mixed, tempfile::tempdir().unwrap().path()).unwrap();
    assert_eq!((fetched.new.len(), fetched.by_hand), (1, vec!["z.bin".to_owned()]));
}
