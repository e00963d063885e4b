//! `fetch` against a server on this machine that cuts, lies about sizes and serves wrong bytes.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use untrained::data::{DataError, Entry, FetchOptions, Fetched, FileSpec, Manifest, Progress, Silent, fetch};

/// What the server saw of a request.
#[derive(Clone, Debug)]
struct Request {
    path: String,
    /// First byte of the `Range` header.
    from: Option<usize>,
}

/// What it answers: head lines, body, and nothing more.
struct Reply {
    head: Vec<String>,
    body: Vec<u8>,
}

impl Reply {
    fn new(status: &str) -> Self {
        Self { head: vec![format!("HTTP/1.1 {status}"), "Connection: close".into()], body: Vec::new() }
    }

    fn header(mut self, line: impl Into<String>) -> Self {
        self.head.push(line.into());
        self
    }

    fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The whole of `data`.
    fn whole(data: &[u8]) -> Self {
        Self::new("200 OK").header(format!("Content-Length: {}", data.len())).body(data)
    }

    /// What an honest server answers, with and without a range.
    fn honest(data: &[u8], request: &Request) -> Self {
        let Some(from) = request.from else { return Self::whole(data) };
        let rest = &data[from..];
        Self::new("206 Partial Content")
            .header(format!("Content-Length: {}", rest.len()))
            .header(format!("Content-Range: bytes {from}-{}/{}", data.len() - 1, data.len()))
            .body(rest)
    }

    /// The same, but the connection breaks after `bytes` of the body.
    fn cut(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }
}

struct Server {
    base: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` gets the request and its number, from 0.
    fn start(answer: impl Fn(&Request, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                let Some(request) = read_request(&stream) else { continue };
                let number = log.lock().unwrap().len();
                log.lock().unwrap().push(request.clone());
                let reply = answer(&request, number);
                let _ = send(stream, &reply);
            }
        });
        Self { base, seen }
    }

    fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut from = None;
    for line in lines {
        let line = line.ok()?.to_ascii_lowercase();
        if line.is_empty() {
            return Some(Request { path, from });
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
    None
}

fn send(mut stream: TcpStream, reply: &Reply) -> std::io::Result<()> {
    stream.write_all(format!("{}\r\n\r\n", reply.head.join("\r\n")).as_bytes())?;
    stream.write_all(&reply.body)?;
    stream.flush()
}

fn data() -> Vec<u8> {
    (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn spec(name: &str, bytes: &[u8], urls: Vec<String>) -> FileSpec {
    FileSpec {
        name: name.into(),
        size: Some(bytes.len() as u64),
        sha256: Some(sha256(bytes)),
        urls,
        ..FileSpec::default()
    }
}

fn entry(files: Vec<FileSpec>) -> Entry {
    let text = "[[entry]]\nid = \"thing\"\ntitle = \"\"\nkind = \"table\"\nread_by = \"\"\nsource = \"\"\n\
                licence = \"\"\ncitation = \"\"\nfolder = \"set\"";
    let mut manifest = Manifest::parse(text, "test").unwrap();
    Entry { files, ..manifest.entries.remove(0) }
}

fn quick() -> FetchOptions {
    FetchOptions { retries: 2, backoff: Duration::from_millis(1), ..FetchOptions::default() }
}

fn get(entry: &Entry, root: &Path) -> Result<Fetched, DataError> {
    fetch(entry, root, &quick(), &AtomicBool::new(false), &Silent)
}

/// Fetches one file of [`data`] from one server into an empty folder, after `part` was left there.
fn get_one(server: &Server, root: &Path, part: Option<&[u8]>) -> Result<Fetched, DataError> {
    if let Some(part) = part {
        std::fs::create_dir_all(root.join("set")).unwrap();
        std::fs::write(root.join("set/x.bin.part"), part).unwrap();
    }
    get(&entry(vec![spec("x.bin", &data(), vec![server.url("x.bin")])]), root)
}

fn assert_in_place(root: &Path) {
    assert!(std::fs::read(root.join("set/x.bin")).unwrap() == data());
    assert!(!root.join("set/x.bin.part").exists());
}

fn assert_nothing(root: &Path) {
    assert!(!root.join("set/x.bin").exists(), "nothing unverified gets the file's name");
}

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
