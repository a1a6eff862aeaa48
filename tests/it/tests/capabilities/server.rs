//! A real server on this machine, for requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Listens until the test's process ends.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        let (address, seen) = (listener.local_addr().expect("its address"), Arc::default());
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&shared);
                // Who is hung up on has nothing more to do.
                thread::spawn(move || serve(stream, &seen).ok());
            }
        });
        Self { address, seen }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// A URL of it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far, in words.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = head.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    seen.lock().expect("no panic").push(format!("{method} {path} {length}"));
    answer(&mut stream, method, path, &head)?;
    Ok(())
}

fn answer(stream: &mut TcpStream, method: &str, path: &str, head: &str) -> std::io::Result<()> {
    let (what, rest) = path.trim_start_matches('/').split_once('?').unwrap_or((path.trim_start_matches('/'), ""));
    match what {
        "hello" => whole(stream, "200 OK", "", &format!("hello {method}")),
        "head" => whole(stream, "200 OK", "", &head.to_lowercase().replace("\r\n", "; ")),
        "missing" => whole(stream, "404 Not Found", "", "no such thing"),
        "302" | "303" | "307" => whole(stream, &format!("{what} Go"), &format!("location: {rest}\r\n"), ""),
        "loop" => whole(stream, "302 Go", "location: /loop\r\n", ""),
        "sized" => whole(stream, "200 OK", "", &"x".repeat(rest.parse().expect("a size"))),
        "zipped" => whole(stream, "200 OK", "content-encoding: gzip\r\n", "no gzip"),
        // Holds its tongue until the other end hangs up.
        "silent" => hold(stream),
        "stuck" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf a")?;
            hold(stream)
        }
        "huge" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n")?;
            hold(stream)
        }
        "endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[b'x'; 1 << 16])?;
            }
        }
        "babble" => stream.write_all(b"I do not speak HTTP\r\n\r\n"),
        _ => whole(stream, "500 What", "", ""),
    }
}

fn whole(stream: &mut TcpStream, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

fn hold(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.read_to_end(&mut Vec::new()).map(drop)
}
