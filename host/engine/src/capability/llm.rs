//! `llm` and `embedding`: models that the pipeline declares. A guest says what it wants to know; who is asked, with which key, how
//! often and for how much is the host's.

use std::sync::Arc;

use wasmtime::Result as Linked;
use wasmtime::component::{HasSelf, Linker};

use super::{Abilities, Grants, Moment};
use crate::contract::v0_1::{embedding, llm, models};
use crate::instance::Guest;
use crate::limits::Rest;
use crate::model::ask::{Ask, Finish, Generate, Message, Parameters, Prompt, Reply, Role, Trouble, TroubleKind, Words};
use crate::model::{Asked, Models};

/// Most requests of a call.
const MAX_REQUESTS: usize = 100_000;

/// Most bytes of the requests that a guest makes at once, each sample counted.
const MAX_BYTES: usize = 64 << 20;

/// The largest schema, in bytes: it is looked at by the host, where no time limit holds.
const MAX_SCHEMA: usize = 256 << 10;

/// What the host keeps for an instance.
#[derive(Default)]
pub(crate) struct Llm {
    grants: Arc<Grants>,
    models: Arc<Models>,
    /// The step's id.
    step: String,
    /// A wait for a model does not count against the guest's time.
    rest: Rest,
    moment: Moment,
    /// Requests of this call so far.
    asked: u64,
    /// The places that they have.
    places: Vec<[u8; 16]>,
}

impl Llm {
    pub(crate) fn new(grants: &Arc<Grants>, models: &Arc<Models>, step: &str, rest: Rest) -> Self {
        let (grants, models, step) = (grants.clone(), models.clone(), step.to_owned());
        Self { grants, models, step, rest, ..Self::default() }
    }

    pub(crate) fn begin(&mut self, moment: Moment) {
        self.moment = moment;
        self.asked = 0;
        self.places.clear();
    }

    /// The call failed: what was answered to it is another's now.
    pub(crate) fn forget(&mut self) {
        self.models.release(&std::mem::take(&mut self.places));
    }

    /// Where in the run a request is: the same in a run that is gone on with.
    fn place(&mut self) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.step.len() as u64).to_le_bytes()).update(self.step.as_bytes());
        for number in [self.moment.item, self.moment.first_row, self.moment.call, self.asked] {
            hasher.update(&number.to_le_bytes());
        }
        self.asked += 1;
        let mut place = [0; 16];
        hasher.finalize_xof().fill(&mut place);
        self.places.push(place);
        place
    }

    fn about(&self, model: &str, granted: Option<&[String]>, what: &str) -> Result<models::About, models::Failure> {
        let denied = |why: String| Err(models::Failure::Denied(why));
        let Some(served) = self.models.served(model) else { return denied(self.models.unknown(model)) };
        match granted.unwrap_or_default().iter().any(|alias| alias == model) {
            true => Ok(models::About { model: served }),
            false => {
                denied(format!("the model `{model}` is not granted to this plugin (`grants: {{ {what}: [{model}] }}`)"))
            }
        }
    }

    /// Whether so many more requests, of so many bytes together, may be made in this call.
    fn allow(&self, requests: usize, bytes: usize) -> Result<(), models::Failure> {
        let invalid = |why: String| Err(models::Failure::Invalid(why));
        if !self.moment.may_ask {
            return invalid("models are asked while rows move: in `process` and `finish`, not in `open`".to_owned());
        }
        if self.asked as usize + requests > MAX_REQUESTS {
            return invalid(format!("more than {MAX_REQUESTS} requests in one call"));
        }
        match bytes > MAX_BYTES {
            true => invalid(format!("requests of more than {} MiB at once", MAX_BYTES >> 20)),
            false => Ok(()),
        }
    }

    async fn ask(&mut self, model: &str, asks: Vec<Ask>) -> Vec<Result<Reply, models::Failure>> {
        let asked = asks.into_iter().map(|ask| Asked { ask, place: self.place() }).collect();
        let _resting = self.rest.begin();
        let replies = self.models.ask(model, asked).await;
        replies.into_iter().map(|reply| reply.map_err(failure)).collect()
    }
}

pub(crate) fn link(linker: &mut Linker<Guest>) -> Linked<()> {
    llm::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities)
}

pub(crate) fn link_embedding(linker: &mut Linker<Guest>) -> Linked<()> {
    embedding::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities)
}

impl models::Host for Abilities {}

impl llm::Host for Abilities {
    fn describe(&mut self, model: String) -> Result<models::About, models::Failure> {
        self.llm.about(&model, self.llm.grants.llm.as_deref(), "llm")
    }

    async fn generate(
        &mut self,
        model: String,
        requests: Vec<llm::Request>,
        samples: u32,
    ) -> Vec<Result<llm::Answer, models::Failure>> {
        let count = requests.len().saturating_mul(samples as usize);
        if let Err(failure) = self.llm.about(&model, self.llm.grants.llm.as_deref(), "llm") {
            return vec![Err(failure); count.min(MAX_REQUESTS)];
        }
        let bytes = requests.iter().map(size).sum::<usize>().saturating_mul(samples as usize);
        if let Err(failure) = self.llm.allow(count, bytes) {
            return vec![Err(failure); count.min(MAX_REQUESTS)];
        }
        let mut asks = Vec::with_capacity(count);
        let mut invalid: Vec<Option<models::Failure>> = Vec::with_capacity(count);
        for request in requests {
            let made = generate(request);
            for _ in 0..samples {
                match &made {
                    Ok(ask) => {
                        asks.push(Ask::Generate(ask.clone()));
                        invalid.push(None);
                    }
                    Err(why) => invalid.push(Some(models::Failure::Invalid(why.clone()))),
                }
            }
        }
        let mut replies = self.llm.ask(&model, asks).await.into_iter();
        let mut next = || match replies.next() {
            Some(Ok(Reply::Words(words))) => Ok(answer(words)),
            Some(Err(failure)) => Err(failure),
            _ => Err(models::Failure::Failed("the model gave no words".to_owned())),
        };
        invalid.into_iter().map(|invalid| invalid.map_or_else(&mut next, Err)).collect()
    }

    async fn score(
        &mut self,
        model: String,
        texts: Vec<llm::Scored>,
    ) -> Vec<Result<Vec<llm::Rating>, models::Failure>> {
        if let Err(failure) = self.llm.about(&model, self.llm.grants.llm.as_deref(), "llm") {
            return vec![Err(failure); texts.len()];
        }
        let size = |scored: &llm::Scored| scored.text.len() + scored.query.as_ref().map_or(0, String::len);
        if let Err(failure) = self.llm.allow(texts.len(), texts.iter().map(size).sum()) {
            return vec![Err(failure); texts.len()];
        }
        let asks = texts.into_iter().map(|llm::Scored { query, text }| Ask::Score { query, text }).collect();
        let rating = |(label, value)| llm::Rating { label, value };
        let ratings = |reply| match reply {
            Reply::Ratings { ratings, .. } => Ok(ratings.into_iter().map(rating).collect()),
            _ => Err(models::Failure::Failed("the model gave no scores".to_owned())),
        };
        self.llm.ask(&model, asks).await.into_iter().map(|reply| reply.and_then(ratings)).collect()
    }
}

impl embedding::Host for Abilities {
    fn describe(&mut self, model: String) -> Result<models::About, models::Failure> {
        self.llm.about(&model, self.llm.grants.embedding.as_deref(), "embedding")
    }

    async fn embed(&mut self, model: String, texts: Vec<String>) -> Vec<Result<Vec<u8>, models::Failure>> {
        if let Err(failure) = self.llm.about(&model, self.llm.grants.embedding.as_deref(), "embedding") {
            return vec![Err(failure); texts.len()];
        }
        if let Err(failure) = self.llm.allow(texts.len(), texts.iter().map(String::len).sum()) {
            return vec![Err(failure); texts.len()];
        }
        let asks = texts.into_iter().map(|text| Ask::Embed { text }).collect();
        let vector = |reply| match reply {
            Reply::Vector { vector, .. } => Ok(vector.iter().flat_map(|value| value.to_le_bytes()).collect()),
            _ => Err(models::Failure::Failed("the model gave no vector".to_owned())),
        };
        self.llm.ask(&model, asks).await.into_iter().map(|reply| reply.and_then(vector)).collect()
    }
}

/// Bytes of a request's texts.
fn size(request: &llm::Request) -> usize {
    let prompt = match &request.prompt {
        llm::Prompt::Chat(messages) => messages.iter().map(|message| message.content.len() + 64).sum(),
        llm::Prompt::Text(text) => text.len(),
    };
    let stop = request.stop.iter().map(String::len).sum::<usize>();
    prompt + stop + request.schema.as_ref().map_or(0, String::len) + 256
}

/// A guest's request, if it is one.
fn generate(request: llm::Request) -> Result<Generate, String> {
    let llm::Request { prompt, schema, temperature, top_p, max_tokens, stop, seed, logprobs } = request;
    let message = |llm::Message { role, content }| {
        let role = match role {
            llm::Role::System => Role::System,
            llm::Role::User => Role::User,
            llm::Role::Assistant => Role::Assistant,
        };
        Message { role, content }
    };
    let prompt = match prompt {
        llm::Prompt::Chat(messages) if messages.is_empty() => return Err("a conversation without a message".to_owned()),
        llm::Prompt::Chat(messages) => Prompt::Chat(messages.into_iter().map(message).collect()),
        llm::Prompt::Text(text) => Prompt::Text(text),
    };
    if schema.as_ref().is_some_and(|text| text.len() > MAX_SCHEMA) {
        return Err(format!("a schema of more than {MAX_SCHEMA} bytes"));
    }
    if [temperature, top_p].into_iter().flatten().any(|number| !number.is_finite()) {
        return Err("`temperature` and `top-p` are numbers".to_owned());
    }
    let schema =
        schema.map(|text| serde_json::from_str(&text).map_err(|error| format!("the schema is no JSON: {error}")));
    let parameters = Parameters { temperature, top_p, max_tokens, stop, seed, ..Parameters::default() };
    Ok(Generate { prompt, schema: schema.transpose()?, parameters, logprobs })
}

fn answer(words: Words) -> llm::Answer {
    let Words { text, reasoning, finish, model, usage, logprobs } = words;
    let finish = match finish {
        Finish::Stop => llm::Finish::Stop,
        Finish::Length => llm::Finish::Length,
        Finish::Filter => llm::Finish::Filter,
        Finish::Other => llm::Finish::Other,
    };
    let tokens = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
    let token = |crate::model::ask::Token { text, logprob, others }| llm::Token { text, logprob, others };
    llm::Answer {
        text,
        reasoning,
        finish,
        model,
        input_tokens: tokens(usage.input),
        output_tokens: tokens(usage.output),
        logprobs: logprobs.into_iter().map(token).collect(),
    }
}

fn failure(trouble: Trouble) -> models::Failure {
    let why = trouble.message;
    match trouble.kind {
        TroubleKind::Invalid => models::Failure::Invalid(why),
        TroubleKind::Refused => models::Failure::Refused(why),
        TroubleKind::Mismatch => models::Failure::Mismatch(why),
        TroubleKind::Timeout => models::Failure::Timeout(why),
        TroubleKind::Busy | TroubleKind::Passing | TroubleKind::Key | TroubleKind::Down => models::Failure::Failed(why),
    }
}
