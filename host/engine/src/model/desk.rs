//! Where requests come in: from a guest's alias to an answer, by way of what is kept, the model's pace, its server, and those
//! that stand in for it.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::ask::{Ask, Generate, Message, Prompt, Reply, Role, Trouble, TroubleKind, Words};
use super::lane::{Lane, Reserved};
use super::schema;
use super::spec::{Budget, ModelKind, ModelSpec};
use super::store::{About, Spent, Store, Taken};
use crate::pipeline::did_you_mean;
use crate::report::{ModelReport, Progress};

/// Requests of one call that are looked after at once; a model's own rates are below that, mostly.
const AT_ONCE: usize = 1024;

/// How often it is looked whether the budget has room, or the run can end.
const BUDGET_LOOK: Duration = Duration::from_millis(20);

/// Schemas that are kept compiled.
const MOST_SCHEMAS: usize = 64;

/// What a guest asks, and where in the run.
pub(crate) struct Asked {
    pub(crate) ask: Ask,
    /// The same in a run that is gone on with.
    pub(crate) place: [u8; 16],
}

/// The models of a pipeline. They are known when it is planned, and asked while it runs.
#[derive(Default)]
pub(crate) struct Models {
    specs: Vec<ModelSpec>,
    budget: Budget,
    running: OnceLock<Running>,
}

/// What there is while a pipeline runs.
struct Running {
    lanes: HashMap<String, Lane>,
    store: Store,
    progress: Arc<Progress>,
    /// What was spent before this run was gone on with: tokens and money.
    before: (u64, f64),
    /// Schemas that were asked for lately: all requests of a step have the same, mostly.
    schemas: Mutex<HashMap<[u8; 32], Schema>>,
    /// Why the run has to end.
    halted: Mutex<Option<Halt>>,
}

/// A schema, or what is wrong with it.
type Schema = Result<Arc<schema::Compiled>, String>;

/// Why a run has to end: no request of it can succeed, or none is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Halt {
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Models {
    pub(crate) fn new(specs: Vec<ModelSpec>, budget: Budget) -> Self {
        Self { specs, budget, running: OnceLock::new() }
    }

    /// Whether there is any.
    pub(crate) fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// What the server calls a model.
    pub(crate) fn served(&self, alias: &str) -> Option<String> {
        let spec = self.find(alias)?;
        Some(match &spec.kind {
            ModelKind::One(model) => model.model.clone(),
            ModelKind::Mixture(of) => of.iter().map(|(alias, _)| alias.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// That there is no such model.
    pub(crate) fn unknown(&self, alias: &str) -> String {
        let known = self.specs.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>();
        match did_you_mean(alias, "the pipeline declares", known) {
            Some(help) => format!("the pipeline declares no model `{alias}`: {help}"),
            None => format!("the pipeline declares no model `{alias}`: write it under `models:`"),
        }
    }

    /// The run begins: from now on models answer.
    ///
    /// # Errors
    /// Where a client cannot be made.
    pub(crate) fn begin(&self, store: Store, progress: &Arc<Progress>, before: Vec<Spent>) -> Result<(), String> {
        let lanes = self.specs.iter().filter_map(|spec| match &spec.kind {
            ModelKind::One(model) => Some(Lane::new(&spec.name, model).map(|lane| (spec.name.clone(), lane))),
            ModelKind::Mixture(_) => None,
        });
        let lanes = lanes.collect::<Result<HashMap<_, _>, _>>()?;
        let tokens = before.iter().map(|spent| spent.usage.input + spent.usage.output).sum();
        let money = before.iter().filter_map(|spent| Some(lanes.get(&spent.alias)?.price_of(spent.usage))).sum();
        let before = (tokens, money);
        let running = Running {
            lanes,
            store,
            progress: progress.clone(),
            before,
            schemas: Mutex::default(),
            halted: Mutex::default(),
        };
        // A plan runs once.
        let _ = self.running.set(running);
        Ok(())
    }

    /// The run is complete: nobody asks again which answers its rows had.
    pub(crate) async fn complete(&self) {
        let Some(running) = self.running.get() else { return };
        if let Err(error) = running.store.forget().await {
            tracing::warn!(%error, "which answers the rows of this run had is not forgotten");
        }
    }

    /// Why the run had to end, where models are the reason.
    pub(crate) fn halted(&self) -> Option<Halt> {
        self.running.get()?.halted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was asked and answered of each model so far.
    pub(crate) fn report(&self) -> Vec<ModelReport> {
        let Some(running) = self.running.get() else { return Vec::new() };
        let lanes = self.specs.iter().filter_map(|spec| running.lanes.get(&spec.name));
        lanes.map(Lane::report).collect()
    }

    /// Asks a model: all at once, the answers in the requests' order.
    pub(crate) async fn ask(&self, alias: &str, asked: Vec<Asked>) -> Vec<Result<Reply, Trouble>> {
        let Some(running) = self.running.get() else {
            let why = "models are asked while rows move: in `process` and `finish`, not in `open`";
            return asked.iter().map(|_| Err(Trouble::new(TroubleKind::Invalid, why))).collect();
        };
        let one = |asked| self.one(running, alias, asked);
        futures_util::stream::iter(asked).map(one).buffered(AT_ONCE).collect().await
    }

    /// A request's counted places are another's now.
    pub(crate) fn release(&self, places: &[[u8; 16]]) {
        let Some(running) = self.running.get().filter(|_| !places.is_empty()) else { return };
        let repairs = running.lanes.values().map(|lane| u64::from(lane.model().repairs)).max().unwrap_or(0);
        let turns = |place: &[u8; 16]| (0..=repairs).map(|turn| turn_place(*place, turn)).collect::<Vec<_>>();
        running.store.release(&places.iter().flat_map(turns).collect::<Vec<_>>());
    }

    fn find(&self, alias: &str) -> Option<&ModelSpec> {
        self.specs.iter().find(|spec| spec.name == alias)
    }

    async fn one(&self, running: &Running, alias: &str, Asked { ask, place }: Asked) -> Result<Reply, Trouble> {
        let lane = self.lane(running, alias, place)?;
        match ask {
            Ask::Generate(generate) => {
                let generate = lane.settle(generate);
                match generate.schema.as_ref().map(|schema| running.compiled(schema)).transpose() {
                    Err(why) => Err(Trouble::new(TroubleKind::Invalid, why)),
                    Ok(None) => self.kept(running, lane, Ask::Generate(generate), place).await,
                    Ok(Some(validator)) => self.checked(running, lane, generate, &validator, place).await,
                }
            }
            ask => self.kept(running, lane, ask, place).await,
        }
    }

    /// An answer that is as its schema says: asked for again with what is wrong, where it is not. Each of these answers is
    /// kept by what was asked for it, so that none is paid for twice.
    async fn checked(
        &self,
        running: &Running,
        lane: &Lane,
        mut generate: Generate,
        validator: &schema::Compiled,
        place: [u8; 16],
    ) -> Result<Reply, Trouble> {
        let mut repairs = lane.model().repairs;
        let mut turn = 0_u64;
        loop {
            let reply = self.kept(running, lane, Ask::Generate(generate.clone()), turn_place(place, turn)).await?;
            let Reply::Words(words) = reply else { return Ok(reply) };
            let wrong = match schema::check(validator, &words.text) {
                Ok(json) => return Ok(Reply::Words(Words { text: json.to_owned(), ..words })),
                Err(wrong) => wrong,
            };
            if repairs == 0 {
                lane.counts.mismatched.fetch_add(1, Ordering::Relaxed);
                let beginning: String =
                    words.text.chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect();
                return Err(Trouble::new(TroubleKind::Mismatch, format!("{wrong}; the answer was: {beginning}")));
            }
            (repairs, turn) = (repairs - 1, turn + 1);
            lane.counts.repaired.fetch_add(1, Ordering::Relaxed);
            // A model that is given plain text cannot be told: it is asked once more.
            if let Prompt::Chat(messages) = &mut generate.prompt {
                messages.push(Message { role: Role::Assistant, content: words.text.clone() });
                let content = format!(
                    "That does not fit the JSON Schema: {wrong}. Answer again with the whole JSON, corrected, and nothing else."
                );
                messages.push(Message { role: Role::User, content });
            }
        }
    }

    /// An answer that is kept; or one that is asked for and then kept.
    async fn kept(&self, running: &Running, lane: &Lane, ask: Ask, place: [u8; 16]) -> Result<Reply, Trouble> {
        let key = lane.key(&ask);
        let taken = match running.store.take(key, place).await {
            Ok(taken) => taken,
            Err(error) => return running.broken(&error).await,
        };
        match taken {
            Taken::Answer(_, reply) => {
                lane.counts.kept.fetch_add(1, Ordering::Relaxed);
                Ok(reply)
            }
            Taken::Nothing(n) => {
                let start = Instant::now();
                let ask = lane.varied(ask, n);
                let (reply, answered_by) = self.fresh(running, lane, &ask).await?;
                let about = About { alias: answered_by.alias().to_owned(), latency: start.elapsed() };
                match running.store.keep(key, n, place, &reply, about).await {
                    Ok(_) => Ok(reply),
                    Err(error) => running.broken(&error).await,
                }
            }
        }
    }

    /// An answer of the model's server, or of one that stands in for it.
    async fn fresh<'a>(&self, running: &'a Running, lane: &'a Lane, ask: &Ask) -> Result<(Reply, &'a Lane), Trouble> {
        let first = match self.tried(running, lane, ask).await {
            Err(trouble) if trouble.kind.may_be_elsewhere() => trouble,
            done => return done.map(|reply| (reply, lane)),
        };
        for alias in &lane.model().fallback {
            let Some(other) = running.lanes.get(alias) else { continue };
            match self.tried(running, other, ask).await {
                Err(trouble) if trouble.kind.may_be_elsewhere() => {}
                done => return done.map(|reply| (reply, other)),
            }
        }
        match first.kind {
            // No other request would fare better.
            kind if kind == TroubleKind::Key || lane.is_gone() => {
                running.halt(&format!("the model `{}` does not answer", lane.alias()), &first.message);
                running.never().await
            }
            _ => Err(first),
        }
    }

    /// An answer of this model's server, tried for as often as that is worth it.
    async fn tried(&self, running: &Running, lane: &Lane, ask: &Ask) -> Result<Reply, Trouble> {
        let (mut attempt, mut last) = (0, None);
        loop {
            // Looked at when it is this request's turn, which may be long after it was made.
            let trouble = match lane.enter(ask).await {
                Ok(permit) => {
                    let _reserved = self.within_budget(running, lane, ask).await?;
                    match lane.send(permit, ask).await {
                        Ok(reply) => return Ok(reply),
                        Err(trouble) => trouble,
                    }
                }
                Err(trouble) => trouble,
            };
            let (kind, wait) = (trouble.kind, trouble.retry_after);
            // A server that is down is not waited for where another may answer.
            let is_elsewhere = kind == TroubleKind::Down && !lane.model().fallback.is_empty();
            let is_last = attempt >= lane.model().retries && kind != TroubleKind::Down;
            if is_elsewhere || !kind.may_pass() || is_last || (kind == TroubleKind::Down && lane.is_gone()) {
                lane.counts.failed.fetch_add(1, Ordering::Relaxed);
                return Err(if kind == TroubleKind::Down { last.unwrap_or(trouble) } else { trouble });
            }
            // Who is not let through has not tried.
            if kind != TroubleKind::Down {
                attempt += 1;
                lane.counts.retried.fetch_add(1, Ordering::Relaxed);
                last = Some(trouble);
            }
            tokio::time::sleep(lane.backoff(attempt.max(1), wait)).await;
        }
    }

    /// Leave to take more of the budget, for as long as what is given back is held. What is under way counts with what it is
    /// likely to take: who would pass the budget with that waits until more is known.
    async fn within_budget<'a>(
        &self,
        running: &'a Running,
        lane: &'a Lane,
        ask: &Ask,
    ) -> Result<Option<Reserved<'a>>, Trouble> {
        loop {
            if running.is_ending() {
                return running.never().await;
            }
            let (mut tokens, mut money) = running.before;
            let (mut likely_tokens, mut likely_money) = (0, 0.0);
            for lane in running.lanes.values() {
                let (usage, reserved) = (lane.usage(), lane.reserved());
                tokens += usage.input + usage.output;
                money += lane.price_of(usage);
                likely_tokens += reserved.input + reserved.output;
                likely_money += lane.price_of(reserved);
            }
            let over = match self.budget {
                Budget { tokens: None, money: None } => return Ok(None),
                Budget { tokens: Some(most), .. } if tokens >= most => format!("the budget of {most} tokens is spent"),
                Budget { money: Some(most), .. } if money >= most => format!("the budget of {most} is spent"),
                Budget { tokens: most_tokens, money: most_money } => {
                    let estimate = super::lane::estimate(ask);
                    let fits = most_tokens
                        .is_none_or(|most| tokens + likely_tokens + estimate.input + estimate.output <= most)
                        && most_money.is_none_or(|most| money + likely_money + lane.price_of(estimate) <= most);
                    // One is always let through: the last one may take the rest, and then the budget is known to be spent.
                    if fits || likely_tokens == 0 {
                        return Ok(Some(lane.reserve(estimate)));
                    }
                    tokio::time::sleep(BUDGET_LOOK).await;
                    continue;
                }
            };
            running.halt(&over, "");
        }
    }

    /// The model of a name; of a mixture the one that falls to this place.
    fn lane<'a>(&self, running: &'a Running, alias: &str, place: [u8; 16]) -> Result<&'a Lane, Trouble> {
        let spec = self.find(alias).ok_or_else(|| Trouble::new(TroubleKind::Invalid, self.unknown(alias)))?;
        let alias = match &spec.kind {
            ModelKind::One(_) => alias,
            ModelKind::Mixture(of) => drawn(of, place),
        };
        running.lanes.get(alias).ok_or_else(|| Trouble::new(TroubleKind::Invalid, self.unknown(alias)))
    }
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.specs.iter().map(|spec| &spec.name)).finish()
    }
}

impl Running {
    /// Ends the run; for the request that finds out. What is under way is waited for, and kept: it is paid for.
    fn halt(&self, message: &str, why: &str) {
        let colon = if why.is_empty() { "" } else { ": " };
        let message = format!("{message}{colon}{why}");
        let help = "what was answered is kept, and not asked again by the next run".to_owned();
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        halted.get_or_insert_with(|| Halt { message, help });
    }

    /// Answers cannot be kept: no more are asked for.
    async fn broken<T>(&self, error: &crate::error::Error) -> T {
        self.halt("answers of models cannot be kept", &error.to_string());
        self.never().await
    }

    fn is_ending(&self) -> bool {
        self.progress.is_stopped() || self.halted.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// A request that is not made any more: whoever waits for it is told by the end of the run, and takes nothing for an answer.
    async fn never<T>(&self) -> T {
        while !self.progress.is_stopped() {
            if self.lanes.values().all(|lane| lane.under_way() == 0) {
                self.progress.stop();
            }
            tokio::time::sleep(BUDGET_LOOK).await;
        }
        std::future::pending().await
    }

    fn compiled(&self, schema: &serde_json::Value) -> Schema {
        let key = *blake3::hash(schema.to_string().as_bytes()).as_bytes();
        if let Some(known) = self.schemas.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let compiled = schema::compile(schema).map(Arc::new);
        let mut schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        if schemas.len() >= MOST_SCHEMAS {
            schemas.clear();
        }
        schemas.insert(key, compiled.clone());
        compiled
    }
}

impl Trouble {
    pub(crate) fn new(kind: TroubleKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }
}

impl TroubleKind {
    /// Whether another try may fare better.
    fn may_pass(self) -> bool {
        matches!(self, Self::Busy | Self::Passing | Self::Timeout | Self::Down)
    }

    /// Whether another model may answer.
    fn may_be_elsewhere(self) -> bool {
        self.may_pass() || self == Self::Key
    }
}

/// The place of a later turn of the same request.
fn turn_place(place: [u8; 16], turn: u64) -> [u8; 16] {
    if turn == 0 {
        return place;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&place).update(&turn.to_le_bytes());
    let mut other = [0; 16];
    hasher.finalize_xof().fill(&mut other);
    other
}

/// One of several by weight; which one hangs on the place alone.
fn drawn(of: &[(String, f64)], place: [u8; 16]) -> &str {
    let total: f64 = of.iter().map(|(_, weight)| weight).sum();
    let mut number = [0; 8];
    number.copy_from_slice(&place[8..]);
    let mut left = (u64::from_le_bytes(number) >> 11) as f64 / (1_u64 << 53) as f64 * total;
    for (alias, weight) in of {
        if left < *weight {
            return alias;
        }
        left -= weight;
    }
    of.last().map_or("", |(alias, _)| alias)
}
