//! `http`: requests to granted hosts. The host makes them: it knows what is behind a name when it dials, follows redirects
//! itself so that each is granted too, and bounds what comes back while it comes.

mod address;
mod host;

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url, redirect, retry};
use wasmtime::Result as Linked;
use wasmtime::component::{HasSelf, Linker};

use self::address::{Public, Refused, System, is_public};
use super::{Abilities, Grants, HttpGrant};
use crate::contract::v0_1::http::{self, Failure, Request, Response};
use crate::instance::Guest;

/// Most redirects of a request.
const MAX_REDIRECTS: usize = 10;

/// Most headers of a request, and most bytes of them.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 << 10;

/// The longest URL, in bytes.
const MAX_URL: usize = 8 << 10;

/// How a request travels is the host's to say.
const OURS: [&str; 10] = [
    "host",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "http2-settings",
];

/// What the host keeps for an instance. Connections are its own: no other step's request travels on them.
pub(crate) struct Http {
    grants: Arc<Grants>,
    body_bytes: usize,
    deadline: Option<Instant>,
    /// To public addresses only, or to private ones too; each without TLS and with it.
    clients: [[OnceLock<Client>; 2]; 2],
}

impl Http {
    pub(crate) fn new(grants: &Arc<Grants>, body_bytes: usize) -> Self {
        Self { grants: grants.clone(), body_bytes, deadline: None, clients: Default::default() }
    }

    pub(crate) fn begin(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }
}

pub(crate) fn link(linker: &mut Linker<Guest>) -> Linked<()> {
    http::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities)
}

impl http::Host for Abilities {
    async fn fetch(&mut self, request: Request) -> Result<Response, Failure> {
        self.http.fetch(request).await
    }
}

/// A request as it is sent; a redirect makes another one of it.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Http {
    async fn fetch(&self, request: Request) -> Result<Response, Failure> {
        let asked = request.timeout_ms.map(|millis| Duration::from_millis(millis.into()));
        let hop = self.first(request)?;
        let grant = self.allowed(&hop)?;
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let time = [asked, left].into_iter().flatten().fold(grant.time, Duration::min);
        match tokio::time::timeout(time, self.follow(hop)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::Timeout(format!("no whole answer within {time:?}"))),
        }
    }

    async fn follow(&self, mut hop: Hop) -> Result<Response, Failure> {
        for _ in 0..=MAX_REDIRECTS {
            let grant = self.allowed(&hop)?;
            let mut sent = self.client(&hop.url, grant.private)?.request(hop.method.clone(), hop.url.clone());
            sent = sent.headers(hop.headers.clone());
            if !hop.body.is_empty() {
                sent = sent.body(hop.body.clone());
            }
            let answer = sent.send().await.map_err(failure)?;
            match redirected(&answer)? {
                Some(to) => hop = hop.redirected(answer.status(), to),
                None => return receive(answer, grant.response_bytes).await,
            }
        }
        Err(Failure::Failed(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// What a guest asks for, if it is a request at all.
    fn first(&self, request: Request) -> Result<Hop, Failure> {
        let Request { method, url, headers, body, .. } = request;
        let invalid = |why: String| Err(Failure::Invalid(why));
        let Ok(method) = Method::from_bytes(method.as_bytes()) else {
            return invalid("the method is none".to_owned());
        };
        if url.len() > MAX_URL {
            return invalid(format!("the URL is longer than {MAX_URL} bytes"));
        }
        let url = check(Url::parse(&url).map_err(|error| Failure::Invalid(format!("the URL is none: {error}")))?)?;
        if body.len() > self.body_bytes {
            return invalid(format!("a body of {} bytes; the step's limit is {}", body.len(), self.body_bytes));
        }
        Ok(Hop { method, url, headers: checked(&headers)?, body })
    }

    /// The grant for a request. An address that stands in the URL is not looked up, so it is looked at here.
    fn allowed(&self, Hop { method, url, .. }: &Hop) -> Result<&HttpGrant, Failure> {
        let grants = self.grants.http.as_deref().unwrap_or_default();
        let host = host::host(url);
        let denied = |why: String| Failure::Denied(why);
        let Some(grant) = host::granted(grants, method.as_str(), url).filter(|_| *method != Method::CONNECT) else {
            let port = url.port_or_known_default().unwrap_or_default();
            return Err(denied(format!("{method} to {}://{host}:{port} is not granted", url.scheme())));
        };
        match host.parse::<IpAddr>() {
            Ok(address) if !grant.private && !is_public(address) => Err(denied(Refused(address).to_string())),
            _ => Ok(grant),
        }
    }

    fn client(&self, url: &Url, private: bool) -> Result<Client, Failure> {
        let has_tls = url.scheme() == "https";
        let kept = &self.clients[usize::from(private)][usize::from(has_tls)];
        if let Some(client) = kept.get() {
            return Ok(client.clone());
        }
        let client = client(private, has_tls).map_err(|error| Failure::Failed(chain(&error)))?;
        Ok(kept.get_or_init(|| client).clone())
    }
}

fn client(private: bool, has_tls: bool) -> reqwest::Result<Client> {
    // Fails where the program has chosen another one, which does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .http2_max_header_list_size(64 << 10);
    if !has_tls {
        // The machine's certificates are read where they are needed.
        client = client.tls_certs_only([]);
    }
    match private {
        true => client.dns_resolver(System).build(),
        false => client.dns_resolver(Public(Arc::new(System))).build(),
    }
}

/// A URL that can be asked for.
fn check(mut url: Url) -> Result<Url, Failure> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Failure::Invalid("the URL is neither `https://…` nor `http://…`".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::Invalid("a URL has no user; the header `authorization` has".to_owned()));
    }
    url.set_fragment(None);
    Ok(url)
}

fn checked(headers: &[(String, String)]) -> Result<HeaderMap, Failure> {
    let invalid = |why: String| Err(Failure::Invalid(why));
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return invalid(format!("more than {MAX_HEADERS} headers, or {MAX_HEADER_BYTES} bytes of them"));
    }
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let Ok(key) = HeaderName::from_bytes(name.as_bytes()) else {
            return invalid(format!("a header cannot be called {name:?}"));
        };
        if OURS.contains(&key.as_str()) || key.as_str().starts_with("proxy-") {
            return invalid(format!("the header `{key}` is the host's to say"));
        }
        let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else {
            return invalid(format!("the header `{key}` has a value that no header has"));
        };
        map.append(key, value);
    }
    Ok(map)
}

/// Where an answer leads, if elsewhere.
fn redirected(answer: &reqwest::Response) -> Result<Option<Url>, Failure> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.headers().get("location") else { return Ok(None) };
    let to = std::str::from_utf8(location.as_bytes()).ok().filter(|to| to.len() <= MAX_URL);
    let to = to.and_then(|to| answer.url().join(to).ok());
    let to = to.ok_or_else(|| Failure::Failed("the answer redirects to what is no URL".to_owned()))?;
    check(to).map(Some).map_err(|_| Failure::Failed("the answer redirects to what cannot be asked for".to_owned()))
}

impl Hop {
    /// As browsers do: what was posted is got there, unless the status says to do the same again; and what was for the one
    /// host's eyes is not for another's.
    fn redirected(mut self, status: StatusCode, to: Url) -> Self {
        let gets = match status.as_u16() {
            303 => self.method != Method::HEAD,
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if gets {
            self.method = Method::GET;
            self.body = Vec::new();
            for name in ["content-type", "content-encoding", "content-language", "content-location"] {
                self.headers.remove(name);
            }
        }
        if self.url.origin() != to.origin() {
            for name in ["authorization", "cookie", "www-authenticate"] {
                self.headers.remove(name);
            }
        }
        Self { url: to, ..self }
    }
}

/// An answer, no larger than it may be: by what it says of itself, and by what comes.
async fn receive(mut answer: reqwest::Response, limit: usize) -> Result<Response, Failure> {
    let too_large = || Failure::TooLarge(format!("an answer of more than {limit} bytes"));
    if answer.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failure)? {
        if chunk.len() > limit - body.len() {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    Ok(Response { status: answer.status().as_u16(), url: answer.url().to_string(), headers, body })
}

fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(link) = cause {
        if let Some(refused) = link.downcast_ref::<Refused>() {
            tracing::debug!(target: "stillroom", %refused, "a request is denied");
            // Which address is behind a name of a private network is not the guest's affair.
            return Failure::Denied(
                "its address is of this machine or a private network, which is not granted".to_owned(),
            );
        }
        cause = link.source();
    }
    Failure::Failed(chain(&error))
}

pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(link) = cause {
        let said = link.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = link.source();
    }
    text
}
