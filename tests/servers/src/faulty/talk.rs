//! A connection's life: request, answer or fault, next request.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::asked::Asked;
use super::batch::Batches;
use super::fault::Fault;
use super::journal::Journal;
use super::wire::{Answer, Request, Wire};
use super::{Rules, answer};
use crate::http;

/// What all connections share.
pub(super) struct State {
    pub(super) rules: Rules,
    pub(super) journal: Journal,
    pub(super) batches: Batches,
}

impl State {
    pub(super) fn new(rules: Rules) -> Result<Self> {
        let journal = Journal::new(rules.log.as_deref())?;
        Ok(Self { rules, journal, batches: Batches::default() })
    }

    /// The answer to a request without what happens to it on its way; a status, where that is the fault.
    pub(super) fn answer(&self, asked: &Asked, fault: &Fault) -> Answer {
        match fault {
            Fault::Status(status, retry_after) => answer::refuse(asked, *status, retry_after.as_deref()),
            Fault::Says(text) => answer::answer(asked, &|_| text.clone(), false),
            Fault::Long(words) => answer::answer(asked, &|_| long(*words), false),
            _ => answer::answer(asked, &|sample| (self.rules.answer)(asked, sample), true),
        }
    }
}

pub(super) async fn listen(listener: TcpListener, state: Arc<State>) {
    loop {
        // An error is that connection's, or there are too many files: the next one may do.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Answers are small, and each is written at once.
        let _ = stream.set_nodelay(true);
        tokio::spawn(talk(Wire::new(stream), Arc::clone(&state)));
    }
}

async fn talk(mut wire: Wire, state: Arc<State>) {
    while let Ok(Some(request)) = wire.read().await {
        let last = request.header("connection").is_some_and(|what| what.eq_ignore_ascii_case("close"));
        let body = request.body.clone();
        let asked = state.journal.came(request);
        let fault = (state.rules.fault)(&asked);
        let (status, complete) = one(&mut wire, &state, &asked, &fault, &body).await;
        state.journal.went(&asked, &fault, status, complete);
        if !complete || last {
            return;
        }
    }
}

/// Answers one request: the status that the client saw, and whether it was given all of the answer.
async fn one(wire: &mut Wire, state: &State, asked: &Asked, fault: &Fault, body: &[u8]) -> (Option<u16>, bool) {
    let wait = match fault {
        Fault::Status(..) | Fault::Close => Duration::ZERO,
        Fault::Slow(time) => state.rules.latency + *time,
        _ => state.rules.latency,
    };
    if wait > Duration::ZERO && wire.gone_within(wait).await {
        return (None, false);
    }
    let own = matches!(fault, Fault::Status(..) | Fault::Says(_) | Fault::Long(_) | Fault::Close);
    let answer = match &state.rules.upstream {
        Some(upstream) if !own => {
            handed_on(upstream, asked, body).await.unwrap_or_else(|_| answer::refuse(asked, 502, None))
        }
        _ => state.batches.answer(state, asked, body).unwrap_or_else(|| state.answer(asked, fault)),
    };
    let complete = deliver(wire, &answer, fault).await;
    (Some(answer.status).filter(|_| *fault != Fault::Close), complete)
}

async fn deliver(wire: &mut Wire, answer: &Answer, fault: &Fault) -> bool {
    let half = answer.body.get(..answer.body.len() / 2).unwrap_or_default();
    let bytes = match fault {
        Fault::Close => return false,
        Fault::Malformed => [&answer.head(Some(half.len())), half].concat(),
        Fault::Cut | Fault::Stall => [&answer.head(Some(answer.body.len())), half].concat(),
        Fault::Endless => answer.head(None),
        _ => [&answer.head(Some(answer.body.len())), answer.body.as_slice()].concat(),
    };
    if wire.write(&bytes).await.is_err() {
        return false;
    }
    match fault {
        Fault::Cut => false,
        Fault::Stall => {
            wire.gone().await;
            false
        }
        Fault::Endless => {
            let mut piece = format!("{:x}\r\n{{\"endless\":\"\r\n", 12).into_bytes();
            while wire.write(&piece).await.is_ok() && !wire.gone_within(Duration::from_millis(10)).await {
                piece = [b"400\r\n".as_slice(), &b"word on ".repeat(128), b"\r\n"].concat();
            }
            false
        }
        _ => true,
    }
}

/// Asks the server behind, on a connection of its own.
async fn handed_on(upstream: &str, asked: &Asked, body: &[u8]) -> Result<Answer> {
    let (host, base) = http::parts(upstream)?;
    let path = format!("{}{}", base.trim_end_matches('/'), asked.path);
    let between = ["host", "connection", "content-length", "transfer-encoding", "accept-encoding", "expect"];
    let kept = asked.headers.iter().filter(|(name, _)| !between.contains(&name.to_ascii_lowercase().as_str()));
    let headers: Vec<(&str, &str)> = kept.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(&http::head(&asked.method, host, &path, &headers, body.len())).await?;
    stream.write_all(body).await?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await?;
    let reply = http::reply(&all)?;
    let between = ["connection", "content-length", "transfer-encoding", "keep-alive"];
    let kept = reply.headers.into_iter().filter(|(name, _)| !between.contains(&name.to_ascii_lowercase().as_str()));
    Ok(Answer { status: reply.status, headers: kept.collect(), body: reply.body })
}

fn long(words: usize) -> String {
    (0..words).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ")
}

/// A request that came in another way than over a connection of its own: a line of a batch.
pub(super) fn line(state: &State, path: &str, body: Vec<u8>) -> Answer {
    let asked = state.journal.came(Request { method: "POST".into(), path: path.into(), headers: Vec::new(), body });
    let fault = (state.rules.fault)(&asked);
    let answer = state.answer(&asked, &fault);
    state.journal.went(&asked, &fault, Some(answer.status), true);
    answer
}
