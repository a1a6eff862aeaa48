//! HTTP/1.1 on a connection, from the server's side.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// A request as it came.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// An answer before it goes.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    /// Its first part; `length` where the client is to know it.
    pub(super) fn head(&self, length: Option<usize>) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match length {
            Some(length) => head.push_str(&format!("content-length: {length}\r\n\r\n")),
            None => head.push_str("transfer-encoding: chunked\r\n\r\n"),
        }
        head.into_bytes()
    }
}

/// A connection, with what has been read of it and not been used.
pub(super) struct Wire {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, held: Vec::new() }
    }

    /// The next request; none when the client has gone.
    pub(super) async fn read(&mut self) -> Result<Option<Request>> {
        let mut request = loop {
            if let Some((request, used)) = head(&self.held)? {
                self.held.drain(..used);
                break request;
            }
            if self.more().await? == 0 {
                return Ok(None);
            }
        };
        if request.header("expect").is_some_and(|what| what.eq_ignore_ascii_case("100-continue")) {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if request.header("transfer-encoding").is_some_and(|how| how.contains("chunked")) {
            request.body = self.chunks().await?;
        } else {
            let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            request.body = self.take(length).await?;
        }
        Ok(Some(request))
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Waits, and says whether the client has gone before.
    pub(super) async fn gone_within(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            match timeout_at(end, self.more()).await {
                Err(_) => return false,
                Ok(Ok(0) | Err(_)) => return true,
                Ok(Ok(_)) => {} // its next request
            }
        }
    }

    /// Waits until the client has gone.
    pub(super) async fn gone(&mut self) {
        while self.more().await.is_ok_and(|len| len > 0) {}
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            match httparse::parse_chunk_size(&self.held) {
                Ok(httparse::Status::Complete((start, length))) => {
                    let length = length as usize;
                    let chunk = self.take(start + length + 2).await?;
                    body.extend(chunk.get(start..start + length).unwrap_or_default());
                    if length == 0 {
                        return Ok(body);
                    }
                }
                Ok(httparse::Status::Partial) => self.need_more().await?,
                Err(_) => return Err(Error::new(ErrorKind::InvalidData, "not a chunk")),
            }
        }
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.held.len() < length {
            self.need_more().await?;
        }
        let rest = self.held.split_off(length);
        Ok(std::mem::replace(&mut self.held, rest))
    }

    async fn need_more(&mut self) -> Result<()> {
        if self.more().await? == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    async fn more(&mut self) -> Result<usize> {
        self.stream.read_buf(&mut self.held).await
    }
}

/// A request's first part and its length, when all of it is there.
fn head(bytes: &[u8]) -> Result<Option<(Request, usize)>> {
    let mut room = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut room);
    let status = parsed.parse(bytes).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(used) = status else { return Ok(None) };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = parsed.headers.iter().map(|it| (it.name.to_owned(), text(it.value))).collect();
    let (method, path) = (parsed.method.unwrap_or_default().to_owned(), parsed.path.unwrap_or_default().to_owned());
    Ok(Some((Request { method, path, headers, body: Vec::new() }, used)))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        529 => "Overloaded",
        _ => "Status",
    }
}
