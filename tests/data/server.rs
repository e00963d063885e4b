//! A server on this machine that answers as a test wants, and entries of a manifest that point at it.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use untrained::data::{DataError, Entry, FetchOptions, Fetched, FileSpec, Manifest, Silent, fetch};

/// What the server saw of a request.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    /// First byte of the `Range` header.
    pub from: Option<usize>,
}

/// What it answers: head lines, body, and nothing more.
pub struct Reply {
    pub head: Vec<String>,
    pub body: Vec<u8>,
    /// Keeps the connection open after the body, sending nothing.
    pub stall: bool,
}

impl Reply {
    pub fn new(status: &str) -> Self {
        Self {
            head: vec![format!("HTTP/1.1 {status}"), "Connection: close".into()],
            body: Vec::new(),
            stall: false,
        }
    }

    pub fn header(mut self, line: impl Into<String>) -> Self {
        self.head.push(line.into());
        self
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The whole of `data`.
    pub fn whole(data: &[u8]) -> Self {
        Self::new("200 OK").header(format!("Content-Length: {}", data.len())).body(data)
    }

    /// What an honest server answers, with and without a range.
    pub fn honest(data: &[u8], request: &Request) -> Self {
        let Some(from) = request.from else { return Self::whole(data) };
        let rest = &data[from..];
        Self::new("206 Partial Content")
            .header(format!("Content-Length: {}", rest.len()))
            .header(format!("Content-Range: bytes {from}-{}/{}", data.len() - 1, data.len()))
            .body(rest)
    }

    /// The same, but the connection breaks after `bytes` of the body.
    pub fn cut(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }
}

pub struct Server {
    pub base: String,
    pub seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` gets the request and its number, from 0.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + 'static) -> Self {
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
                // A thread each: a reply that stalls must not keep the next request waiting.
                std::thread::spawn(move || send(stream, &reply));
            }
        });
        Self { base, seen }
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub fn url(&self, path: &str) -> String {
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
    stream.flush()?;
    if reply.stall {
        std::thread::sleep(Duration::from_secs(30));
    }
    Ok(())
}

pub fn data() -> Vec<u8> {
    (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

pub fn spec(name: &str, bytes: &[u8], urls: Vec<String>) -> FileSpec {
    FileSpec {
        name: name.into(),
        size: Some(bytes.len() as u64),
        sha256: Some(sha256(bytes)),
        urls,
        ..FileSpec::default()
    }
}

pub fn entry(files: Vec<FileSpec>) -> Entry {
    let text = "[[entry]]\nid = \"thing\"\ntitle = \"\"\nkind = \"table\"\nread_by = \"\"\nsource = \"\"\n\
                licence = \"\"\ncitation = \"\"\nfolder = \"set\"";
    let mut manifest = Manifest::parse(text, "test").unwrap();
    Entry { files, ..manifest.entries.remove(0) }
}

pub fn quick() -> FetchOptions {
    FetchOptions { retries: 2, backoff: Duration::from_millis(1), ..FetchOptions::default() }
}

pub fn get(entry: &Entry, root: &Path) -> Result<Fetched, DataError> {
    fetch(entry, root, &quick(), &AtomicBool::new(false), &Silent)
}

/// Fetches one file of [`data`] from one server into an empty folder, after `part` was left there.
pub fn get_one(server: &Server, root: &Path, part: Option<&[u8]>) -> Result<Fetched, DataError> {
    if let Some(part) = part {
        std::fs::create_dir_all(root.join("set")).unwrap();
        std::fs::write(root.join("set/x.bin.part"), part).unwrap();
    }
    get(&entry(vec![spec("x.bin", &data(), vec![server.url("x.bin")])]), root)
}

pub fn assert_in_place(root: &Path) {
    assert!(std::fs::read(root.join("set/x.bin")).unwrap() == data());
    assert!(!root.join("set/x.bin.part").exists());
}

pub fn assert_nothing(root: &Path) {
    assert!(!root.join("set/x.bin").exists(), "nothing unverified gets the file's name");
}
