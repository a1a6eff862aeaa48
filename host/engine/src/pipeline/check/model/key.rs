//! Where a model's key is from. It never stands in a pipeline file.

use super::super::super::Spanned;
use super::super::super::fault::Fault;
use super::super::super::model::{KeySource, is_variable};
use super::super::super::reference::{Reference, References};
use super::super::super::written::{KeyTable, TextOr};
use super::address;
use crate::model::spec::{Key, Provider};

const HELP: &str = "take it from the environment, `key: { env: NAME }`, or from a secret parameter, `key: $(NAME)`";

/// The key, as far as it is known by now, and where it is from: variables are looked up later.
pub(super) fn key(
    written: Option<Spanned<TextOr<KeyTable>>>,
    provider: Provider,
    url: &str,
    references: &References<'_>,
) -> Result<(Option<Key>, KeySource), Fault> {
    let Some(written) = written else { return Ok((None, usual(provider, url))) };
    match written.value {
        TextOr::More(KeyTable { env }) => match is_variable(&env) {
            true => Ok((None, KeySource::Variable { name: env.value, place: env.place, is_usual: false })),
            false => Err(Fault::new("this cannot be the name of a variable")
                .at(env.place)
                .help("name a variable of the environment, without its value, as in `{ env: MY_API_KEY }`")),
        },
        TextOr::Text(text) => match references.only(written.place) {
            Reference::Secret(name) if text.trim().is_empty() => {
                Err(Fault::new(format!("the secret parameter `{name}` is empty")).at(written.place))
            }
            Reference::Secret(name) => Ok((Some(Key::new(text.trim())), KeySource::Param(name))),
            Reference::Open(name) => Err(Fault::new(format!("the parameter `{name}` is not secret"))
                .at(written.place)
                .help(format!("declare it as `{name}: {{ secret: true, env: NAME }}` under `params:`"))),
            Reference::Unknown(name) => Err(Fault::new(format!("no parameter has the name `{name}`"))
                .at(written.place)
                .help(format!("declare it as `{name}: {{ secret: true, env: NAME }}` under `params:`"))),
            Reference::None => Err(Fault::new("a key does not stand in a pipeline file").at(written.place).help(HELP)),
        },
    }
}

/// The provider's usual variable, for nobody but the provider.
fn usual(provider: Provider, url: &str) -> KeySource {
    if !address::is_own(provider, url) {
        return KeySource::None;
    }
    let name = match provider {
        Provider::Openai => "OPENAI_API_KEY",
        Provider::Azure => "AZURE_OPENAI_API_KEY",
        Provider::Anthropic => "ANTHROPIC_API_KEY",
        Provider::Gemini => "GEMINI_API_KEY",
        Provider::Mistral => "MISTRAL_API_KEY",
        Provider::Cohere => "CO_API_KEY",
        Provider::Bedrock => "AWS_BEARER_TOKEN_BEDROCK",
    };
    KeySource::Variable { name: name.to_owned(), place: super::super::Place::NOWHERE, is_usual: true }
}
