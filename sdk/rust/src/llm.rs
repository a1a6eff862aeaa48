//! Language models.
//!
//! A plugin that calls this asks for `llm`, and a pipeline has to grant it, with the models that it declares. A plugin knows
//! a model by its name there: addresses, keys, rates, retries and the bill are the host's. All requests of a call are under
//! way together, so ask for as many as there are.
//!
//! ```
//! use stillroom_sdk::llm::{self, Model, Request};
//!
//! # llm::answer_with(|_, request| Ok(llm::Answer::of("4")));
//! # fn main() -> stillroom_sdk::Result<()> {
//! let model = Model::named("small")?;
//! let answers = model.generate(&[Request::user("What is 2 + 2?").temperature(0.0)], 1);
//! assert_eq!(answers[0].as_ref().map(|answer| &*answer.text), Ok("4"));
//! # Ok(())
//! # }
//! ```
//!
//! In a test without WebAssembly [`answer_with`](fn@answer_with) and [`score_with`](fn@score_with) say what is answered.

use std::fmt;

use crate::{Fault, Result};

/// A model that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    name: String,
    served: String,
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Role {
    System,
    User,
    Assistant,
}

/// Something that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What.
    pub content: String,
}

/// What a model is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// A conversation, put into the model's own form by its server. Where its last message is the assistant's, the model
    /// goes on with that, if its server can.
    Chat(Vec<Message>),
    /// Text that the model goes on with as it stands.
    Text(String),
}

/// What a model is asked. What is left out is as the pipeline declares the model, or as the server has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What it is given.
    pub prompt: Prompt,
    /// A JSON Schema that the answer's text is valid against. Where it is not, the host asks again and says what is wrong.
    pub schema: Option<String>,
    /// How much chance there is in the answer.
    pub temperature: Option<f64>,
    /// Only the likeliest tokens, which have this probability together.
    pub top_p: Option<f64>,
    /// The most tokens of the answer.
    pub max_tokens: Option<u32>,
    /// Texts at which it ends.
    pub stop: Vec<String>,
    /// What chance hangs on, where the server knows such a thing.
    pub seed: Option<u64>,
    /// To have the logarithm of each token's probability, with those of so many likely others.
    pub logprobs: Option<u32>,
}

/// Why an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// By itself, or at a text where it was to stop.
    Stop,
    /// At the most tokens that it may have.
    Length,
    /// The server kept it back.
    Filter,
    /// Otherwise.
    Other,
}

/// A token of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Its text.
    pub text: String,
    /// The natural logarithm of its probability.
    pub logprob: f64,
    /// Likely others in its place.
    pub others: Vec<(String, f64)>,
}

/// What a model says.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its words.
    pub text: String,
    /// What a reasoning model thought before, where its server tells.
    pub reasoning: Option<String>,
    /// Why it ends.
    pub finish: Finish,
    /// What the server calls the model that answered.
    pub model: String,
    /// Tokens of what it was given.
    pub input_tokens: u32,
    /// Tokens of what it said.
    pub output_tokens: u32,
    /// Empty, where none were asked for or the server has none.
    pub logprobs: Vec<Token>,
}

/// Why a request has no answer, after all that the pipeline allows was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No such model is declared, or the plugin may not ask it.
    Denied(String),
    /// The request is none, or the server says so.
    Invalid(String),
    /// The server will not answer to this.
    Refused(String),
    /// The answer is not what the schema says.
    Mismatch(String),
    /// There was no whole answer in time.
    Timeout(String),
    /// The network's fault, or the server's.
    Failed(String),
}

/// What is to be scored: a text; of a question or an instruction, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Scored {
    pub query: Option<String>,
    pub text: String,
}

/// What a reward model, a reranker or a classifier makes of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Rating {
    /// Of classifiers, the class; empty where a model gives one number.
    pub label: String,
    /// How well, or how likely.
    pub value: f64,
}

impl Model {
    /// The model of a name. [`Fault::Params`] where the pipeline does not declare it, or the plugin may not ask it: for
    /// `open`, so that this is told before a row moves.
    pub fn named(name: &str) -> Result<Self> {
        let served = imp::describe(name).map_err(|failure| Fault::params(failure.why().to_owned()))?;
        Ok(Self { name: name.to_owned(), served })
    }

    /// What the pipeline calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its server calls it.
    pub fn served(&self) -> &str {
        &self.served
    }

    /// Asks one request once.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn ask(&self, request: &Request) -> Result<Answer, Failure> {
        let answer = self.generate(std::slice::from_ref(request), 1).pop();
        answer.unwrap_or_else(|| Err(Failure::Failed("the host gave no answer".to_owned())))
    }

    /// Asks each request so many times, all together: the answers to the first request, then those to the second …
    pub fn generate(&self, requests: &[Request], samples: u32) -> Vec<Result<Answer, Failure>> {
        imp::generate(&self.name, requests, samples)
    }

    /// Scores texts: of each, one rating or one a class.
    pub fn score(&self, texts: &[Scored]) -> Vec<Result<Vec<Rating>, Failure>> {
        imp::score(&self.name, texts)
    }
}

impl Message {
    /// What the system says.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }

    /// What the user says.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the assistant says.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

impl Role {
    /// In a word, as data has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

impl Request {
    /// Of a prompt.
    pub fn new(prompt: Prompt) -> Self {
        let (schema, temperature, top_p, max_tokens, stop, seed, logprobs) = Default::default();
        Self { prompt, schema, temperature, top_p, max_tokens, stop, seed, logprobs }
    }

    /// Of a conversation.
    pub fn chat(messages: Vec<Message>) -> Self {
        Self::new(Prompt::Chat(messages))
    }

    /// Of what the user says.
    pub fn user(content: impl Into<String>) -> Self {
        Self::chat(vec![Message::user(content)])
    }

    /// Of what the system says, where it says anything, and what the user says.
    pub fn with_system(system: &str, content: impl Into<String>) -> Self {
        let system = (!system.is_empty()).then(|| Message::system(system));
        Self::chat(system.into_iter().chain([Message::user(content)]).collect())
    }

    /// Of text that the model goes on with.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Prompt::Text(text.into()))
    }

    /// With a JSON Schema for the answer.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// With so much chance.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// With so many tokens at the most.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// With one more text at which the answer ends.
    #[must_use]
    pub fn stop(mut self, text: impl Into<String>) -> Self {
        self.stop.push(text.into());
        self
    }
}

impl Answer {
    /// Of some text; for tests.
    pub fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            reasoning: None,
            finish: Finish::Stop,
            model: "test".to_owned(),
            input_tokens: 0,
            output_tokens: 0,
            logprobs: Vec::new(),
        }
    }
}

impl Failure {
    /// Why, without the kind.
    pub fn why(&self) -> &str {
        match self {
            Self::Denied(why)
            | Self::Invalid(why)
            | Self::Refused(why)
            | Self::Mismatch(why)
            | Self::Timeout(why)
            | Self::Failed(why) => why,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Denied(_) => "denied",
            Self::Invalid(_) => "invalid",
            Self::Refused(_) => "refused",
            Self::Mismatch(_) => "mismatch",
            Self::Timeout(_) => "timeout",
            Self::Failed(_) => "failed",
        };
        write!(f, "{what}: {}", self.why())
    }
}

impl std::error::Error for Failure {}

#[cfg(target_family = "wasm")]
mod imp {
    use super::{Answer, Failure, Finish, Message, Prompt, Rating, Request, Role, Scored, Token};
    use crate::component::bindings::stillroom::step::{llm, models};

    pub(super) fn describe(model: &str) -> Result<String, Failure> {
        llm::describe(model).map(|about| about.model).map_err(Failure::from)
    }

    pub(super) fn generate(model: &str, requests: &[Request], samples: u32) -> Vec<Result<Answer, Failure>> {
        let requests: Vec<llm::Request> = requests.iter().map(llm::Request::from).collect();
        let answers = llm::generate(model, &requests, samples);
        answers.into_iter().map(|answer| answer.map(Answer::from).map_err(Failure::from)).collect()
    }

    pub(super) fn score(model: &str, texts: &[Scored]) -> Vec<Result<Vec<Rating>, Failure>> {
        let texts: Vec<llm::Scored> =
            texts.iter().map(|scored| llm::Scored { query: scored.query.clone(), text: scored.text.clone() }).collect();
        let rating = |rating: llm::Rating| Rating { label: rating.label, value: rating.value };
        let ratings = |ratings: Vec<llm::Rating>| ratings.into_iter().map(rating).collect();
        llm::score(model, &texts).into_iter().map(|scored| scored.map(ratings).map_err(Failure::from)).collect()
    }

    impl From<&Request> for llm::Request {
        fn from(request: &Request) -> Self {
            let prompt = match &request.prompt {
                Prompt::Chat(messages) => llm::Prompt::Chat(messages.iter().map(llm::Message::from).collect()),
                Prompt::Text(text) => llm::Prompt::Text(text.clone()),
            };
            let Request { schema, temperature, top_p, max_tokens, stop, seed, logprobs, .. } = request.clone();
            Self { prompt, schema, temperature, top_p, max_tokens, stop, seed, logprobs }
        }
    }

    impl From<&Message> for llm::Message {
        fn from(message: &Message) -> Self {
            let role = match message.role {
                Role::System => llm::Role::System,
                Role::User => llm::Role::User,
                Role::Assistant => llm::Role::Assistant,
            };
            Self { role, content: message.content.clone() }
        }
    }

    impl From<llm::Answer> for Answer {
        fn from(answer: llm::Answer) -> Self {
            let llm::Answer { text, reasoning, finish, model, input_tokens, output_tokens, logprobs } = answer;
            let finish = match finish {
                llm::Finish::Stop => Finish::Stop,
                llm::Finish::Length => Finish::Length,
                llm::Finish::Filter => Finish::Filter,
                llm::Finish::Other => Finish::Other,
            };
            let token = |llm::Token { text, logprob, others }| Token { text, logprob, others };
            let logprobs = logprobs.into_iter().map(token).collect();
            Self { text, reasoning, finish, model, input_tokens, output_tokens, logprobs }
        }
    }

    impl From<models::Failure> for Failure {
        fn from(failure: models::Failure) -> Self {
            match failure {
                models::Failure::Denied(why) => Self::Denied(why),
                models::Failure::Invalid(why) => Self::Invalid(why),
                models::Failure::Refused(why) => Self::Refused(why),
                models::Failure::Mismatch(why) => Self::Mismatch(why),
                models::Failure::Timeout(why) => Self::Timeout(why),
                models::Failure::Failed(why) => Self::Failed(why),
            }
        }
    }
}

#[cfg(not(target_family = "wasm"))]
pub use imp::{answer_with, score_with};

#[cfg(not(target_family = "wasm"))]
mod imp {
    use std::cell::RefCell;

    use super::{Answer, Failure, Rating, Request, Scored};

    type Answering = Box<dyn FnMut(&str, &Request) -> Result<Answer, Failure>>;
    type Scoring = Box<dyn FnMut(&str, &Scored) -> Result<Vec<Rating>, Failure>>;

    thread_local! {
        static ANSWERING: RefCell<Option<Answering>> = const { RefCell::new(None) };
        static SCORING: RefCell<Option<Scoring>> = const { RefCell::new(None) };
    }

    /// For tests: what answers this thread's requests from now on. It is given the model's name and the request, one sample
    /// after the other.
    pub fn answer_with(answering: impl FnMut(&str, &Request) -> Result<Answer, Failure> + 'static) {
        ANSWERING.set(Some(Box::new(answering)));
    }

    /// For tests: what scores this thread's texts from now on.
    pub fn score_with(scoring: impl FnMut(&str, &Scored) -> Result<Vec<Rating>, Failure> + 'static) {
        SCORING.set(Some(Box::new(scoring)));
    }

    pub(super) fn describe(model: &str) -> Result<String, Failure> {
        let is_there = ANSWERING.with_borrow(Option::is_some) || SCORING.with_borrow(Option::is_some);
        if is_there { Ok(model.to_owned()) } else { Err(nobody()) }
    }

    pub(super) fn generate(model: &str, requests: &[Request], samples: u32) -> Vec<Result<Answer, Failure>> {
        let each = requests.iter().flat_map(|request| (0..samples).map(move |_| request));
        ANSWERING.with_borrow_mut(|answering| match answering {
            Some(answering) => each.map(|request| answering(model, request)).collect(),
            None => each.map(|_| Err(nobody())).collect(),
        })
    }

    pub(super) fn score(model: &str, texts: &[Scored]) -> Vec<Result<Vec<Rating>, Failure>> {
        SCORING.with_borrow_mut(|scoring| match scoring {
            Some(scoring) => texts.iter().map(|scored| scoring(model, scored)).collect(),
            None => texts.iter().map(|_| Err(nobody())).collect(),
        })
    }

    fn nobody() -> Failure {
        Failure::Denied("no test answers for models: `llm::answer_with` sets what does".to_owned())
    }
}
