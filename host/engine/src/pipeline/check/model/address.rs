//! Where a model's server is.

use reqwest::Url;

use super::super::super::Spanned;
use super::super::super::fault::Fault;
use super::super::super::written::ModelTable;
use crate::model::spec::Provider;

/// The address, without a slash at its end.
pub(super) fn url(table: &ModelTable) -> Result<String, Fault> {
    match (&table.url, table.provider.as_ref().map(|provider| (provider.value, provider.place))) {
        (Some(url), _) => checked(url),
        (None, Some((provider, place))) => match own(provider) {
            Ok(url) => Ok(url.to_owned()),
            Err(example) => {
                Err(Fault::new("it does not say where the server is").at(place).help(format!("write `url: {example}`")))
            }
        },
        // A slip here would send the data to somebody.
        (None, None) => Err(Fault::new("it does not say where the server is").help(
            "write `url:`, as in `http://127.0.0.1:8080/v1`, or `provider:` for a hosted one, as in `provider: openai`",
        )),
    }
}

/// Whether an address is the provider's, so that its usual key may be sent there.
pub(super) fn is_own(provider: Provider, url: &str) -> bool {
    let Some(url) = Url::parse(url).ok().filter(|url| url.scheme() == "https") else { return false };
    let host = url.host_str().unwrap_or_default();
    let below = |domains: &[&str]| domains.iter().any(|domain| host.ends_with(domain));
    match provider {
        Provider::Openai => host == "api.openai.com" || below(&[".api.openai.com"]),
        Provider::Azure => below(&[".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"]),
        Provider::Anthropic => host == "api.anthropic.com",
        Provider::Gemini => host == "generativelanguage.googleapis.com",
        Provider::Mistral => host == "api.mistral.ai",
        Provider::Cohere => host == "api.cohere.com" || host == "api.cohere.ai",
        Provider::Bedrock => host.starts_with("bedrock-runtime.") && below(&[".amazonaws.com"]),
    }
}

/// The provider's address; an example of one, where everybody has another.
fn own(provider: Provider) -> Result<&'static str, &'static str> {
    match provider {
        Provider::Openai => Ok("https://api.openai.com/v1"),
        Provider::Anthropic => Ok("https://api.anthropic.com/v1"),
        Provider::Gemini => Ok("https://generativelanguage.googleapis.com/v1beta"),
        Provider::Mistral => Ok("https://api.mistral.ai/v1"),
        Provider::Cohere => Ok("https://api.cohere.com/v2"),
        Provider::Azure => Err("https://RESOURCE.openai.azure.com"),
        Provider::Bedrock => Err("https://bedrock-runtime.REGION.amazonaws.com"),
    }
}

/// No message repeats it: somebody may have put a key into it.
fn checked(written: &Spanned<String>) -> Result<String, Fault> {
    let fault = |message: &str, help: &str| Err(Fault::new(message).at(written.place).help(help));
    let example = "an address is as in `http://127.0.0.1:8080/v1`";
    let Ok(url) = Url::parse(written.trim()) else { return fault("this is no address", example) };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().unwrap_or_default().is_empty() {
        return fault("the address is neither of `https` nor of `http`", example);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fault("a user or a password does not stand in an address", "what opens the server is its `key`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return fault(
            "the address has more behind its path",
            "leave out what is behind `?` or `#`; `version` is the version of Azure's interface, and `key` a key",
        );
    }
    Ok(written.trim().trim_end_matches('/').to_owned())
}
