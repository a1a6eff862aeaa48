//! The little of HTTP that a test needs to ask a server on this machine.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// 200 and so on.
    pub status: u16,
    /// Names as they were written.
    pub headers: Vec<(String, String)>,
    /// As it was meant: without chunks.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
    }
}

/// Asks by GET.
pub fn get(url: &str, headers: &[(&str, &str)]) -> Result<Reply> {
    ask("GET", url, headers, b"")
}

/// Asks by POST with a JSON body.
pub fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> Result<Reply> {
    let json = [("content-type", "application/json")];
    ask("POST", url, &[&json, headers].concat(), body.to_string().as_bytes())
}

/// Asks in any way, on a connection of its own.
pub fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Reply> {
    let (host, path) = parts(url)?;
    let mut stream = TcpStream::connect(host).with_context(|| format!("cannot reach {host}"))?;
    stream.write_all(&head(method, host, path, headers, body.len())).context("cannot send the request")?;
    stream.write_all(body).context("cannot send the request")?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).context("the connection broke")?;
    reply(&all)
}

/// `http://HOST/PATH` in its two parts.
pub(crate) fn parts(url: &str) -> Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").with_context(|| format!("`{url}` does not begin with http://"))?;
    Ok(rest.find('/').map_or((rest, "/"), |at| rest.split_at(at)))
}

/// A request's first part, that asks for the connection's end after the answer.
pub(crate) fn head(method: &str, host: &str, path: &str, headers: &[(&str, &str)], length: usize) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {length}\r\n\r\n"));
    head.into_bytes()
}

/// All that came until the connection's end as an answer; an error if a part of it is missing.
pub(crate) fn reply(all: &[u8]) -> Result<Reply> {
    let mut room = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut room);
    let httparse::Status::Complete(start) = parsed.parse(all).context("not an HTTP answer")? else {
        bail!("the connection ended in the answer's head, after {} bytes", all.len());
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = parsed.headers.iter().map(|it| (it.name.to_owned(), text(it.value))).collect();
    let mut reply = Reply { status: parsed.code.unwrap_or_default(), headers, body: Vec::new() };
    let body = all.get(start..).unwrap_or_default();
    reply.body = if reply.header("transfer-encoding").is_some_and(|how| how.contains("chunked")) {
        unchunked(body)?
    } else {
        let length = reply.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(body.len());
        body.get(..length)
            .ok_or_else(|| anyhow!("the connection ended after {} of {length} bytes", body.len()))?
            .to_vec()
    };
    Ok(reply)
}

fn unchunked(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let Ok(httparse::Status::Complete((start, length))) = httparse::parse_chunk_size(rest) else {
            bail!("the connection ended between two chunks, after {} bytes", body.len());
        };
        let length = length as usize;
        let chunk = rest.get(start..start + length).context("the connection ended in a chunk")?;
        if length == 0 {
            return Ok(body);
        }
        body.extend(chunk);
        rest = rest.get(start + length + 2..).unwrap_or_default();
    }
}
