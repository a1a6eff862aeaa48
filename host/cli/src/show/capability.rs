//! What a plugin asks for, and what it is granted, in plain words.

use stillroom::capability::{Capability, Grants, LogLevel};

use super::{number, text};

/// What of a capability is granted; none where nothing is. Of variables the names alone, each with whether it is set.
pub(crate) fn granted(capability: Capability, grants: &Grants, variables: &[String]) -> Option<String> {
    match capability {
        Capability::Log => grants.log.map(|level| format!("from {} on", self::level(level))),
        Capability::Files => grants.files.as_ref().map(|folders| {
            let folder = |folder: &stillroom::capability::FolderGrant| {
                let how = if folder.write { "read and write" } else { "read" };
                format!("{how} {} (as `{}`)", folder.path.display(), folder.name)
            };
            list(folders.iter().map(folder), "no folder")
        }),
        Capability::Http => grants.http.as_ref().map(|http| list(http.iter().map(requests), "no host")),
        Capability::Env => grants.env.as_ref().map(|env| {
            let is_set = |name: &String| env.0.iter().any(|(set, _)| set == name);
            let variable = |name: &String| format!("{name}{}", if is_set(name) { "" } else { " (not set)" });
            list(variables.iter().map(variable), "no variable")
        }),
        Capability::Clock => grants.clock.then(|| "the machine's".to_owned()),
        Capability::Random => grants.random.then(|| "the machine's".to_owned()),
        Capability::Llm => grants.llm.as_ref().map(|models| list(models.iter().cloned(), "no model")),
        Capability::Embedding => grants.embedding.as_ref().map(|models| list(models.iter().cloned(), "no model")),
    }
}

fn requests(grant: &stillroom::capability::HttpGrant) -> String {
    let hosts = grant.hosts.iter().map(|host| {
        let usual = matches!((host.scheme.as_str(), host.port), ("https", 443) | ("http", 80));
        let port = if usual { String::new() } else { format!(":{}", host.port) };
        format!("{}://{}{port}", host.scheme, host.name)
    });
    let private = if grant.private { ", private networks too" } else { "" };
    format!(
        "{} {} (answers to {}, {} each{private})",
        grant.methods.join("/"),
        hosts.collect::<Vec<_>>().join(" "),
        number::size(grant.response_bytes as u64),
        number::seconds(grant.time.as_secs_f64()),
    )
}

fn level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

fn list(words: impl Iterator<Item = String>, none: &str) -> String {
    let words: Vec<String> = words.map(|words| text::escape_line(&words)).collect();
    if words.is_empty() { none.to_owned() } else { words.join(", ") }
}
