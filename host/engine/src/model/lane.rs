//! The way to one server's model: its client, its pace, and what is counted of it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use reqwest::{Client, redirect, retry};

use super::ask::{Ask, Generate, Prompt, Reply, Trouble, TroubleKind, Usage};
use super::pace::{Open, Outcome, Pace, Permit};
use super::spec::{OneModel, Price};
use super::wire;
use crate::report::ModelReport;

/// Different requests that have to fail before a server is taken to be gone.
const GONE_REQUESTS: usize = 8;

/// The longest time that is told apart from longer ones: an hour.
const MOST_MILLIS: u64 = 3_600_000;

/// The largest answer, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// Characters of a token, roughly, to know before what a request will take of a rate.
const TOKEN_CHARS: u64 = 4;

/// What an answer may have, where nobody says, to know before what it will take of a rate.
const ANSWER_TOKENS: u64 = 256;

/// A server's model.
pub(crate) struct Lane {
    alias: String,
    model: OneModel,
    client: Client,
    pace: Pace,
    pub(crate) counts: Counts,
    /// In milliseconds.
    latency: Mutex<Histogram<u64>>,
    /// What requests under way are likely to take.
    reserved: [AtomicU64; 2],
    under_way: AtomicU64,
    failing: Mutex<Failing>,
    began: Instant,
}

/// What failed since the last answer.
#[derive(Default)]
struct Failing {
    /// Different requests, as far as that matters.
    requests: HashSet<u64>,
    /// Tries that were to tell whether the server is back.
    probes: u32,
}

/// Room in the budget for a request that is under way.
pub(crate) struct Reserved<'a> {
    lane: &'a Lane,
    usage: Usage,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.lane.reserved[0].fetch_sub(self.usage.input, Ordering::Relaxed);
        self.lane.reserved[1].fetch_sub(self.usage.output, Ordering::Relaxed);
    }
}

/// A request that is under way, also one that is given up.
struct UnderWay<'a>(&'a AtomicU64);

impl<'a> UnderWay<'a> {
    fn begin(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What was asked and answered.
#[derive(Default)]
pub(crate) struct Counts {
    answered: AtomicU64,
    /// Answers that were there from before.
    pub(crate) kept: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) repaired: AtomicU64,
    pub(crate) mismatched: AtomicU64,
    input: AtomicU64,
    output: AtomicU64,
}

impl Lane {
    pub(crate) fn new(alias: &str, model: &OneModel) -> Result<Self, String> {
        // The requests are written and read (`wire/batch.rs`) and kept (`store/jobs.rs`), but nobody hands them in yet. To ask
        // one by one instead would cost twice what the pipeline's author means to pay.
        if model.batch.is_some() {
            return Err(format!(
                "the model `{alias}` is to be asked by its batch interface, which is not there yet: leave out `batch`"
            ));
        }
        // Fails where the program has chosen another one, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .connect_timeout(model.timeout.min(Duration::from_secs(30)))
            .tcp_nodelay(true);
        let client = if model.url.starts_with("https:") { client } else { client.tls_certs_only([]) };
        let client = client.build().map_err(|error| format!("the model `{alias}` cannot be asked: {error}"))?;
        let latency = Histogram::new_with_bounds(1, MOST_MILLIS, 3).map_err(|error| error.to_string())?;
        Ok(Self {
            alias: alias.to_owned(),
            model: model.clone(),
            client,
            pace: Pace::new(&model.rates),
            counts: Counts::default(),
            latency: Mutex::new(latency),
            reserved: Default::default(),
            under_way: AtomicU64::new(0),
            failing: Mutex::default(),
            began: Instant::now(),
        })
    }

    pub(crate) fn alias(&self) -> &str {
        &self.alias
    }

    pub(crate) fn model(&self) -> &OneModel {
        &self.model
    }

    /// A request with what the pipeline declares where the guest leaves it open.
    pub(crate) fn settle(&self, mut generate: Generate) -> Generate {
        let declared = &self.model.parameters;
        let parameters = &mut generate.parameters;
        parameters.temperature = parameters.temperature.or(declared.temperature);
        parameters.top_p = parameters.top_p.or(declared.top_p);
        parameters.top_k = parameters.top_k.or(declared.top_k);
        parameters.min_p = parameters.min_p.or(declared.min_p);
        parameters.presence_penalty = parameters.presence_penalty.or(declared.presence_penalty);
        parameters.frequency_penalty = parameters.frequency_penalty.or(declared.frequency_penalty);
        parameters.max_tokens = parameters.max_tokens.or(declared.max_tokens);
        parameters.seed = parameters.seed.or(declared.seed);
        if parameters.stop.is_empty() {
            parameters.stop.clone_from(&declared.stop);
        }
        generate
    }

    /// The n-th time that the same is asked. With the seed that the pipeline declares, the same would be answered each time.
    pub(crate) fn varied(&self, mut ask: Ask, n: u64) -> Ask {
        if let Ask::Generate(generate) = &mut ask
            && generate.parameters.seed == self.model.parameters.seed
        {
            generate.parameters.seed = generate.parameters.seed.map(|seed| seed.wrapping_add(n));
        }
        ask
    }

    /// What an answer is kept by: all that it hangs on, and nothing secret.
    pub(crate) fn key(&self, ask: &Ask) -> [u8; 32] {
        let OneModel { provider, url, model, version, extra, structured, scoring, .. } = &self.model;
        let about = format!("{provider:?}\0{url}\0{model}\0{version:?}\0{structured:?}\0{scoring:?}\0");
        let mut hasher = blake3::Hasher::new();
        hasher.update(about.as_bytes());
        hasher.update(serde_json::Value::from(extra.clone()).to_string().as_bytes()).update(&[0]);
        hasher.update(&serde_json::to_vec(ask).unwrap_or_default());
        hasher.finalize().into()
    }

    /// Waits until the model's pace allows a try.
    pub(crate) async fn enter(&self, ask: &Ask) -> Result<Permit, Trouble> {
        let Usage { input, output } = estimate(ask);
        self.pace.enter(input + output).await.map_err(|Open { until }| Trouble {
            retry_after: Some(until.saturating_duration_since(Instant::now())),
            ..Trouble::new(TroubleKind::Down, format!("the model `{}` has failed too often lately", self.alias))
        })
    }

    /// One try.
    pub(crate) async fn send(&self, permit: Permit, ask: &Ask) -> Result<Reply, Trouble> {
        let _under_way = UnderWay::begin(&self.under_way);
        let is_probe = self.is_broken();
        let sent = wire::encode(&self.model, ask)?;
        let start = Instant::now();
        let answer = tokio::time::timeout(self.model.timeout, self.exchange(sent, ask)).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(Trouble::new(TroubleKind::Timeout, format!("no whole answer within {:?}", self.model.timeout)))
        });
        let outcome = Outcome::of(&answer);
        permit.done(outcome);
        self.note(outcome, is_probe, ask);
        if let Ok(reply) = &answer {
            self.book(reply.usage(), start.elapsed());
        }
        answer
    }

    /// How long to wait before the next try.
    pub(crate) fn backoff(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        self.pace.backoff(attempt, retry_after)
    }

    /// Tokens so far.
    pub(crate) fn usage(&self) -> Usage {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Usage { input: load(&self.counts.input), output: load(&self.counts.output) }
    }

    /// Money so far; none, where the pipeline says no price.
    pub(crate) fn cost(&self) -> f64 {
        self.price_of(self.usage())
    }

    /// What so many tokens cost.
    pub(crate) fn price_of(&self, usage: Usage) -> f64 {
        let price = |price: Price| (usage.input as f64 * price.input + usage.output as f64 * price.output) / 1e6;
        self.model.price.map_or(0.0, price)
    }

    /// Whether its server failed so often that nobody is let through.
    pub(crate) fn is_broken(&self) -> bool {
        self.pace.view().open_until.is_some()
    }

    pub(crate) fn report(&self) -> ModelReport {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let usage = self.usage();
        let latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = |quantile: f64| (!latency.is_empty()).then(|| latency.value_at_quantile(quantile));
        ModelReport {
            name: self.alias.clone(),
            model: self.model.model.clone(),
            in_flight: self.pace.view().in_flight as u64,
            answered: load(&self.counts.answered),
            kept: load(&self.counts.kept),
            retried: load(&self.counts.retried),
            failed: load(&self.counts.failed),
            repaired: load(&self.counts.repaired),
            mismatched: load(&self.counts.mismatched),
            input_tokens: usage.input,
            output_tokens: usage.output,
            output_tokens_per_second: usage.output as f64 / self.began.elapsed().as_secs_f64().max(0.001),
            latency_p50_ms: millis(0.5),
            latency_p95_ms: millis(0.95),
            latency_p99_ms: millis(0.99),
            cost: self.model.price.map(|_| self.cost()),
        }
    }

    /// Room in the budget.
    pub(crate) fn reserve(&self, usage: Usage) -> Reserved<'_> {
        self.reserved[0].fetch_add(usage.input, Ordering::Relaxed);
        self.reserved[1].fetch_add(usage.output, Ordering::Relaxed);
        Reserved { lane: self, usage }
    }

    /// What requests under way are likely to take.
    pub(crate) fn reserved(&self) -> Usage {
        let load = |at: usize| self.reserved[at].load(Ordering::Relaxed);
        Usage { input: load(0), output: load(1) }
    }

    /// Requests that the server has, or that are on the way from it.
    pub(crate) fn under_way(&self) -> u64 {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Whether its server is gone for good, as far as anybody can tell: many different requests failed, and none since was answered
    /// of those that were to tell. (A few that fail on a server that is there are their rows' fault.)
    pub(crate) fn is_gone(&self) -> bool {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.requests.len() >= GONE_REQUESTS && failing.probes > self.model.retries
    }

    fn note(&self, outcome: Outcome, is_probe: bool, ask: &Ask) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Outcome::Answered { .. } => *failing = Failing::default(),
            Outcome::Busy { .. } => {}
            Outcome::Failed => {
                failing.probes += u32::from(is_probe);
                if failing.requests.len() < GONE_REQUESTS {
                    let json = serde_json::to_vec(ask).unwrap_or_default();
                    failing.requests.insert(xxhash_rust::xxh3::xxh3_64(&json));
                }
            }
        }
    }

    async fn exchange(&self, sent: wire::Sent, ask: &Ask) -> Result<Reply, Trouble> {
        let wire::Sent { method, url, headers, body } = sent;
        let answer = self.client.request(method, url).headers(headers).body(body).send().await.map_err(passing)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = received(answer).await?;
        wire::decode(&self.model, ask, status, &headers, &body)
    }

    fn book(&self, usage: Usage, took: Duration) {
        self.counts.answered.fetch_add(1, Ordering::Relaxed);
        self.counts.input.fetch_add(usage.input, Ordering::Relaxed);
        self.counts.output.fetch_add(usage.output, Ordering::Relaxed);
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.latency.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(millis);
    }
}

async fn received(mut answer: reqwest::Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(passing)? {
        if chunk.len() > MAX_ANSWER - body.len() {
            return Err(Trouble::new(TroubleKind::Passing, format!("an answer of more than {MAX_ANSWER} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn passing(error: reqwest::Error) -> Trouble {
    Trouble::new(TroubleKind::Passing, crate::capability::http::chain(&error.without_url()))
}

/// Tokens that a request will take, roughly.
pub(crate) fn estimate(ask: &Ask) -> Usage {
    let text = |text: &str| text.len() as u64 / TOKEN_CHARS;
    match ask {
        Ask::Generate(generate) => {
            let given = match &generate.prompt {
                Prompt::Chat(messages) => messages.iter().map(|message| text(&message.content)).sum(),
                Prompt::Text(prompt) => text(prompt),
            };
            Usage { input: given, output: generate.parameters.max_tokens.map_or(ANSWER_TOKENS, u64::from) }
        }
        Ask::Embed { text: given } => Usage { input: text(given), output: 0 },
        Ask::Score { query, text: given } => Usage { input: text(given) + query.as_deref().map_or(0, text), output: 0 },
    }
}
