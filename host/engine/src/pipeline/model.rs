//! The models of a pipeline, and where their keys are from.

use reqwest::Url;

use super::{Fault, Pipeline, Place, Spanned};
use crate::error::PipelineError;
use crate::model::spec::{Budget, Key, ModelKind, ModelSpec, OneModel, Provider};

/// A model that is right by itself.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) name: Spanned<String>,
    pub(super) spec: ModelSpec,
    pub(super) key: KeySource,
    /// The models that it names, where it names them.
    pub(super) others: Vec<Spanned<String>>,
}

/// Where a key is from.
#[derive(Debug, Clone)]
pub(super) enum KeySource {
    /// There is none: the server wants none, as far as anybody knows.
    None,
    /// A secret parameter.
    Param(String),
    /// A variable of the environment; the provider's usual one, where the pipeline says nothing.
    Variable { name: String, place: Place, is_usual: bool },
}

/// What a pipeline says of models.
#[derive(Debug, Clone, Default)]
pub(super) struct Declarations {
    pub(super) specs: Vec<ModelSpec>,
    pub(super) budget: Budget,
    /// For each model.
    names: Vec<Spanned<String>>,
    keys: Vec<KeySource>,
}

/// A model as it is shown: without anything secret.
#[derive(Debug, Clone)]
pub struct ModelInfo {
    /// What steps call it.
    pub name: String,
    /// Who speaks how; `mixture`, where it is one.
    pub provider: &'static str,
    /// What the server calls it; empty of a mixture.
    pub model: String,
    /// Where the server is: scheme, name, and port where that is not the usual one; empty of a mixture.
    pub host: String,
    /// Where its key is from, in words.
    pub key: String,
    /// Requests under way at once.
    pub in_flight: u32,
    /// Requests a minute.
    pub requests_per_minute: Option<f64>,
    /// Tokens a minute.
    pub tokens_per_minute: Option<f64>,
    /// Money for a million tokens, in and out.
    pub price: Option<(f64, f64)>,
    /// Models that are asked where it does not answer.
    pub fallback: Vec<String>,
    /// The models of a mixture, and their shares, which come to 1.
    pub mixture: Vec<(String, f64)>,
    /// Whether it is asked through the provider's batch interface, and whether the run waits for that.
    pub batch: Option<bool>,
}

impl Declarations {
    pub(super) fn new(declared: Vec<Declared>, budget: Budget) -> Self {
        let mut all = Self { budget, ..Self::default() };
        for Declared { name, spec, key, .. } in declared {
            all.specs.push(spec);
            all.names.push(name);
            all.keys.push(key);
        }
        all
    }

    /// Takes the keys that variables have.
    pub(super) fn look_up(&mut self, mut variable: impl FnMut(&str) -> Option<String>) {
        for (spec, source) in self.specs.iter_mut().zip(&self.keys) {
            if let (ModelKind::One(one), KeySource::Variable { name, .. }) = (&mut spec.kind, source) {
                let value = variable(name).map(|value| value.trim().to_owned());
                one.key = value.filter(|value| !value.is_empty()).map(|value| Key::new(&value));
            }
        }
    }

    /// The models that asking one may lead to, itself among them, by their indices.
    fn reached(&self, names: &[String]) -> Vec<usize> {
        let index = |name: &String| self.specs.iter().position(|spec| spec.name == *name);
        let mut reached: Vec<usize> = Vec::new();
        let mut open: Vec<usize> = names.iter().filter_map(index).collect();
        while let Some(at) = open.pop() {
            if reached.contains(&at) {
                continue;
            }
            reached.push(at);
            match &self.specs[at].kind {
                ModelKind::One(one) => open.extend(one.fallback.iter().filter_map(index)),
                ModelKind::Mixture(members) => open.extend(members.iter().filter_map(|(name, _)| index(name))),
            }
        }
        reached.sort_unstable();
        reached
    }
}

impl Pipeline {
    /// The models, in the file's order, with the keys that were found.
    pub(crate) fn models(&self) -> &[ModelSpec] {
        &self.models.specs
    }

    /// What a run may take of all models together.
    pub(crate) fn budget(&self) -> Budget {
        self.models.budget
    }

    /// `budget:` as it is shown: tokens, and money.
    pub fn budget_amounts(&self) -> (Option<u64>, Option<f64>) {
        (self.models.budget.tokens, self.models.budget.money)
    }

    /// `models:` as they are shown.
    pub fn model_infos(&self) -> Vec<ModelInfo> {
        self.models.specs.iter().zip(&self.models.keys).map(|(spec, key)| info(spec, key)).collect()
    }

    /// Whether the keys are there of the models that asking these may lead to.
    ///
    /// # Errors
    /// Points at the first that is missing.
    pub(crate) fn check_keys(&self, names: &[String]) -> Result<(), Box<PipelineError>> {
        for at in self.models.reached(names) {
            let (ModelKind::One(one), KeySource::Variable { name, place, is_usual }) =
                (&self.models.specs[at].kind, &self.models.keys[at])
            else {
                continue;
            };
            if one.key.is_none() {
                let alias = &self.models.names[at];
                let fault = Fault::new(format!("the model `{alias}` has no key: the variable `{name}` is not set"));
                let (place, help) = match is_usual {
                    true => {
                        (alias.place, "set it, or say where the key is: `key: { env: NAME }` or `key: $(PARAMETER)`")
                    }
                    false => (*place, "set it, or name the variable that has the key"),
                };
                return Err(self.draft.texts.raise(fault.at(place).help(help)));
            }
        }
        Ok(())
    }
}

/// Whether a text can be a variable's name, and is more likely one than a key.
pub(super) fn is_variable(text: &str) -> bool {
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    begins && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a header, in lower case, says who is asking.
pub(super) fn is_key_header(name: &str) -> bool {
    matches!(name, "authorization" | "proxy-authorization" | "cookie")
        || ["key", "token", "secret"].iter().any(|word| name.split('-').any(|part| part.ends_with(word)))
}

fn info(spec: &ModelSpec, key: &KeySource) -> ModelInfo {
    let mut info = ModelInfo {
        name: spec.name.clone(),
        provider: "mixture",
        model: String::new(),
        host: String::new(),
        key: String::new(),
        in_flight: 0,
        requests_per_minute: None,
        tokens_per_minute: None,
        price: None,
        fallback: Vec::new(),
        mixture: Vec::new(),
        batch: None,
    };
    match &spec.kind {
        ModelKind::One(one) => {
            info.provider = one.provider.name();
            info.model = one.model.clone();
            info.host = host(&one.url);
            info.key = where_from(key, one);
            info.in_flight = one.rates.in_flight.get();
            info.requests_per_minute = one.rates.requests_per_minute;
            info.tokens_per_minute = one.rates.tokens_per_minute;
            info.price = one.price.map(|price| (price.input, price.output));
            info.fallback = one.fallback.clone();
            info.batch = one.batch.map(|batch| batch.wait);
        }
        ModelKind::Mixture(members) => {
            let whole: f64 = members.iter().map(|(_, weight)| weight).sum();
            info.mixture = members.iter().map(|(name, weight)| (name.clone(), weight / whole)).collect();
        }
    }
    info
}

fn where_from(key: &KeySource, one: &OneModel) -> String {
    match key {
        KeySource::None => "none".to_owned(),
        KeySource::Param(name) => format!("the parameter `{name}`"),
        KeySource::Variable { name, .. } if one.key.is_none() => format!("${name}, which is not set"),
        KeySource::Variable { name, .. } => format!("${name}"),
    }
}

fn host(url: &str) -> String {
    Url::parse(url).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
}

impl Provider {
    /// What a pipeline calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Azure => "azure",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Mistral => "mistral",
            Self::Cohere => "cohere",
            Self::Bedrock => "bedrock",
        }
    }
}
