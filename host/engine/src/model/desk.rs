//! Where requests come in: from a guest's alias to an answer, by way of what is kept, the model's pace, its server, and those
//! that stand in for it.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use jsonschema::Validator;

use super::ask::{Ask, Generate, Message, Prompt, Reply, Role, Trouble, TroubleKind};
use super::lane::Lane;
use super::schema;
use super::spec::{Budget, ModelKind, ModelSpec};
use super::store::{About, Spent, Store, Taken};
use crate::pipeline::did_you_mean;
use crate::report::{ModelReport, Progress};

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
    /// Why the run has to end.
    halted: Mutex<Option<Halt>>,
}

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
        let running = Running { lanes, store, progress: progress.clone(), before, halted: Mutex::default() };
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
        futures_util::future::join_all(asked.into_iter().map(one)).await
    }

    /// A request's counted places are another's now.
    pub(crate) fn release(&self, places: &[[u8; 16]]) {
        if let (Some(running), false) = (self.running.get(), places.is_empty()) {
            running.store.release(places);
        }
    }

    fn find(&self, alias: &str) -> Option<&ModelSpec> {
        self.specs.iter().find(|spec| spec.name == alias)
    }

    async fn one(&self, running: &Running, alias: &str, Asked { ask, place }: Asked) -> Result<Reply, Trouble> {
        let lane = self.lane(running, alias, place)?;
        match ask {
            Ask::Generate(generate) => {
                let generate = lane.settle(generate);
                match generate.schema.as_ref().map(schema::compile).transpose() {
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
        validator: &Validator,
        place: [u8; 16],
    ) -> Result<Reply, Trouble> {
        let mut repairs = lane.model().repairs;
        let mut turn = 0_u64;
        loop {
            let reply = self.kept(running, lane, Ask::Generate(generate.clone()), turn_place(place, turn)).await?;
            let Reply::Words(words) = &reply else { return Ok(reply) };
            let Err(wrong) = schema::check(validator, &words.text) else { return Ok(reply) };
            if repairs == 0 {
                lane.counts.mismatched.fetch_add(1, Ordering::Relaxed);
                return Err(Trouble::new(TroubleKind::Mismatch, wrong));
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
        let kept = |error: String| running.halt("what was answered cannot be kept", &error);
        match running.store.take(key, place).await.map_err(|error| kept(error.to_string()))? {
            Taken::Answer(_, reply) => {
                lane.counts.kept.fetch_add(1, Ordering::Relaxed);
                Ok(reply)
            }
            Taken::Nothing(n) => {
                let start = Instant::now();
                let reply = self.fresh(running, lane, &ask).await?;
                let about = About { alias: lane.alias().to_owned(), latency: start.elapsed() };
                running.store.keep(key, n, place, &reply, about).await.map_err(|error| kept(error.to_string()))?;
                Ok(reply)
            }
        }
    }

    /// An answer of the model's server, or of one that stands in for it.
    async fn fresh(&self, running: &Running, lane: &Lane, ask: &Ask) -> Result<Reply, Trouble> {
        let first = match self.tried(running, lane, ask).await {
            Err(trouble) if trouble.kind.may_be_elsewhere() => trouble,
            done => return done,
        };
        for alias in &lane.model().fallback {
            let Some(other) = running.lanes.get(alias) else { continue };
            match self.tried(running, other, ask).await {
                Err(trouble) if trouble.kind.may_be_elsewhere() => {}
                done => return done,
            }
        }
        match first.kind {
            // No other request would fare better.
            kind if kind == TroubleKind::Key || lane.is_broken() => {
                Err(running.halt(&format!("the model `{}` does not answer", lane.alias()), &first.message))
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
                    self.within_budget(running)?;
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
            if is_elsewhere || !kind.may_pass() || attempt >= lane.model().retries {
                lane.counts.failed.fetch_add(1, Ordering::Relaxed);
                return Err(if kind == TroubleKind::Down { last.unwrap_or(trouble) } else { trouble });
            }
            attempt += 1;
            if kind != TroubleKind::Down {
                lane.counts.retried.fetch_add(1, Ordering::Relaxed);
                last = Some(trouble);
            }
            tokio::time::sleep(lane.backoff(attempt, wait)).await;
        }
    }

    fn within_budget(&self, running: &Running) -> Result<(), Trouble> {
        if running.progress.is_stopped() {
            return Err(Trouble::new(TroubleKind::Passing, "the run is stopping"));
        }
        let (mut tokens, mut money) = running.before;
        for lane in running.lanes.values() {
            let usage = lane.usage();
            tokens += usage.input + usage.output;
            money += lane.cost();
        }
        let over = match self.budget {
            Budget { tokens: Some(most), .. } if tokens >= most => format!("the budget of {most} tokens is spent"),
            Budget { money: Some(most), .. } if money >= most => format!("the budget of {most} is spent"),
            _ => return Ok(()),
        };
        Err(running.halt(&over, ""))
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
    /// Ends the run; for the request that finds out.
    fn halt(&self, message: &str, why: &str) -> Trouble {
        let colon = if why.is_empty() { "" } else { ": " };
        let message = format!("{message}{colon}{why}");
        let help = "what was answered is kept, and not asked again by the next run".to_owned();
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        halted.get_or_insert_with(|| Halt { message: message.clone(), help });
        self.progress.stop();
        Trouble::new(TroubleKind::Passing, message)
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
