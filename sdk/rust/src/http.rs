//! Requests over HTTP.
//!
//! A plugin that calls this asks for `http`, and a pipeline has to grant it, with the methods and hosts that it names. The
//! host makes the request: it follows redirects, to granted hosts only, and bounds the answer's size and time.
//!
//! ```
//! use stillroom_sdk::http::{self, Request};
//!
//! # http::answer_with(|request| Ok(http::Response { status: 200, url: request.url.clone(), ..Default::default() }));
//! let answer = http::fetch(Request::get("https://api.example.com/v1/models"));
//! assert_eq!(answer.map(|answer| answer.status), Ok(200));
//! ```
//!
//! In a test without WebAssembly [`answer_with`](fn@answer_with) says what is answered.

use std::fmt;
use std::time::Duration;

/// A request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// In capitals, as in `GET`.
    pub method: String,
    /// `https://…` or `http://…`.
    pub url: String,
    /// Names and values. Those that say how the request travels (`host`, `content-length` and their like) are the host's.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Vec<u8>,
    /// How long it may take; never longer than the grant and what is left of the call allow.
    pub timeout: Option<Duration>,
}

impl Request {
    /// To get what is at a URL.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: "GET".to_owned(), url: url.into(), ..Self::default() }
    }

    /// To post something to a URL.
    pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST".to_owned(), url: url.into(), body: body.into(), ..Self::default() }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// An answer, whatever its status says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// As in 200.
    pub status: u16,
    /// Where it came from in the end.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// What came.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The pipeline does not allow it.
    Denied(String),
    /// The request is none: a bad URL, method or header.
    Invalid(String),
    /// It took too long.
    Timeout(String),
    /// The answer is larger than the grant allows.
    TooLarge(String),
    /// The network's fault, or the server's.
    Failed(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, why) = match self {
            Self::Denied(why) => ("denied", why),
            Self::Invalid(why) => ("invalid", why),
            Self::Timeout(why) => ("timeout", why),
            Self::TooLarge(why) => ("too large", why),
            Self::Failed(why) => ("failed", why),
        };
        write!(f, "{what}: {why}")
    }
}

impl std::error::Error for Failure {}

/// Makes a request and waits for its answer.
///
/// # Errors
/// Where there is none. What a server says with its status is an answer.
#[cfg(target_family = "wasm")]
pub fn fetch(request: Request) -> Result<Response, Failure> {
    use crate::component::bindings::stillroom::step::http;
    let Request { method, url, headers, body, timeout } = request;
    let timeout_ms = timeout.map(|timeout| u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
    let answer = http::fetch(&http::Request { method, url, headers, body, timeout_ms });
    let failure = |failure| match failure {
        http::Failure::Denied(why) => Failure::Denied(why),
        http::Failure::Invalid(why) => Failure::Invalid(why),
        http::Failure::Timeout(why) => Failure::Timeout(why),
        http::Failure::TooLarge(why) => Failure::TooLarge(why),
        http::Failure::Failed(why) => Failure::Failed(why),
    };
    let http::Response { status, url, headers, body } = answer.map_err(failure)?;
    Ok(Response { status, url, headers, body })
}

#[cfg(not(target_family = "wasm"))]
pub use native::{answer_with, fetch};

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::cell::RefCell;

    use super::{Failure, Request, Response};

    type Handler = Box<dyn FnMut(&Request) -> Result<Response, Failure>>;

    thread_local! {
        static HANDLER: RefCell<Option<Handler>> = const { RefCell::new(None) };
    }

    /// For tests: what answers this thread's requests from now on.
    pub fn answer_with(handler: impl FnMut(&Request) -> Result<Response, Failure> + 'static) {
        HANDLER.set(Some(Box::new(handler)));
    }

    /// Makes a request and waits for its answer: of the test's handler, where there is one.
    ///
    /// # Errors
    /// Where there is none. What a server says with its status is an answer.
    pub fn fetch(request: Request) -> Result<Response, Failure> {
        let denied = || Err(Failure::Denied("no test answers requests: `http::answer_with` sets what does".to_owned()));
        HANDLER.with_borrow_mut(|handler| handler.as_mut().map_or_else(denied, |handler| handler(&request)))
    }
}
