//! What a run changes about a file: values that are set, a parameter file, the environment.

use std::collections::HashMap;

use super::MAX_BYTES;
use super::fault::Fault;
use super::model::{is_key_header, is_variable};
use super::param::{Given, declared, is_secret};
use super::place::Place;
use super::reference::referred;
use super::set;
use super::texts::Texts;
use super::tree::{Key, Kind, Node};
use super::written::MODEL_KEYS;
use crate::error::PipelineError;

/// Parameters that a pipeline may declare.
const MAX_PARAMS: usize = 1_000;

/// What changes a pipeline file for a run. A parameter's value is the first of: `set`, the parameter file, the environment,
/// its default.
#[derive(Clone, Default)]
pub struct Settings<'a> {
    /// `--set` arguments, in order: `step.key=value`, `key=value`, or `name=value` for a parameter.
    pub set: Vec<&'a str>,
    /// The parameter file, YAML or JSON: its name and its text.
    pub params_file: Option<(&'a str, &'a str)>,
    /// Looks up a variable of the environment. The engine itself reads none.
    pub env: Option<Lookup<'a>>,
}

/// The value of a variable of the environment, where it has one.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A document with all that was set in it, before it is understood; kept so that more can be set.
#[derive(Clone)]
pub(super) struct Draft {
    /// The document with every `--set` that is no parameter's.
    pub(super) root: Node,
    pub(super) texts: Texts,
    pub(super) given: Given,
    /// The variables that plugins are granted, with the values that they had when they were looked up.
    variables: HashMap<String, String>,
}

/// A variable's value that is shorter is not hidden where it is shown by chance: it would be found in every other word.
const LEAST_HIDDEN: usize = 6;

impl Draft {
    pub(super) fn new(name: &str, text: &str) -> Result<Self, Box<PipelineError>> {
        if let Some(fault) = too_large(text, "a pipeline file") {
            return Err(Texts::new(name, "").raise(fault));
        }
        let texts = Texts::new(name, text);
        match Node::parse(0, text) {
            Ok(root) => Ok(Self { root, texts, given: Given::default(), variables: HashMap::new() }),
            Err(fault) => Err(texts.raise(fault)),
        }
    }

    /// Takes all that is set. Not to be used after an error.
    pub(super) fn apply(&mut self, settings: &Settings<'_>) -> Result<(), Box<PipelineError>> {
        let applied = self.few_params().and_then(|()| {
            self.hide_defaults();
            self.read_environment(settings);
            settings.params_file.map_or(Ok(()), |(name, text)| self.read_file(name, text))?;
            let set = settings.set.iter().try_for_each(|argument| self.set(argument));
            self.hide_keys();
            set
        });
        applied.map_err(|fault| self.texts.raise(fault))
    }

    /// More parameters than anybody declares would make hiding secrets slow.
    fn few_params(&self) -> Result<(), Fault> {
        match declared(&self.root).get(MAX_PARAMS) {
            Some((key, _)) => Err(Fault::new(format!("more than {MAX_PARAMS} parameters")).at(key.place)),
            None => Ok(()),
        }
    }

    /// A secret that stands in the file is refused, and not shown in the refusal.
    fn hide_defaults(&mut self) {
        let secrets = declared(&self.root).iter().filter(|(_, declaration)| is_secret(declaration));
        let nodes = secrets.flat_map(|(_, node)| [node.get("default"), node.get("one-of")]).flatten();
        hide(&mut self.texts, 0, nodes);
    }

    /// A key that stands in the file is refused too, and so is an address with a password.
    fn hide_keys(&mut self) {
        let models = self.root.get("models").and_then(Node::table).unwrap_or_default();
        let members = models.iter().flat_map(|(_, model)| model.table().unwrap_or_default());
        let keys: Vec<&Node> = members.flat_map(|(key, node)| possible_keys(key, node)).collect();
        let declaration =
            |name: &str| declared(&self.root).iter().find(|(key, _)| key.text == name).map(|(_, node)| node);
        let named = keys.iter().filter_map(|node| declaration(referred(node.text()?)?));
        // A parameter that is not secret, but a key.
        let values = named.filter_map(|node| if node.table().is_some() { node.get("default") } else { Some(node) });
        let hidden: Vec<&Node> = keys.iter().copied().chain(values).flat_map(literals).collect();
        let users: Vec<String> = models.iter().filter_map(|(_, model)| user(model.get("url")?.text()?)).collect();
        hide(&mut self.texts, 0, hidden.into_iter());
        users.iter().for_each(|user| self.texts.hide(user));
    }

    fn read_environment(&mut self, settings: &Settings<'_>) {
        let Some(lookup) = settings.env else { return };
        for (name, declaration) in declared(&self.root) {
            let Some(variable) = declaration.get("env").and_then(Node::text) else { continue };
            let Some(text) = lookup(variable) else { continue };
            if is_secret(declaration) {
                hide_text(&mut self.texts, &text);
            }
            let source = self.texts.push(&format!("${variable}"), &text);
            self.given.env.insert(name.text.clone(), Place::new(source, 0..text.len()));
        }
    }

    fn read_file(&mut self, name: &str, text: &str) -> Result<(), Fault> {
        let source = self.texts.push(name, if text.len() > MAX_BYTES { "" } else { text });
        if let Some(fault) = too_large(text, "a parameter file") {
            return Err(fault.at(Place::new(source, 0..0)));
        }
        let root = match Node::parse_any(source, text) {
            Ok(root) => root,
            Err(fault) => return Err(self.unreadable(source, fault)),
        };
        match root.map(|root| (root.kind, root.place)) {
            None => Ok(()),
            Some((Kind::Table(entries), _)) => {
                let declared: HashMap<&str, bool> =
                    declared(&self.root).iter().map(|(key, node)| (key.text.as_str(), is_secret(node))).collect();
                let any = declared.values().any(|is_secret| *is_secret);
                // What is nobody's value may have been meant for a secret.
                let is_secret = |key: &Key| declared.get(key.text.as_str()).copied().unwrap_or(any);
                hide(&mut self.texts, source, entries.iter().filter(|(key, _)| is_secret(key)).map(|(_, node)| node));
                self.given.file = entries.into_iter().map(|(key, node)| (key.text.clone(), (key, node))).collect();
                Ok(())
            }
            Some((_, place)) => {
                let fault = Fault::new("expected a table of parameters and their values").at(place);
                Err(self.unreadable(source, fault.help("write `name: value` on each line")))
            }
        }
    }

    /// Where a file of secrets cannot be read, nobody knows what of it may be shown.
    fn unreadable(&mut self, source: u32, mut fault: Fault) -> Fault {
        if self.has_secrets() {
            let line = fault.place.and_then(|place| self.texts.line(place)).unwrap_or(1);
            fault.message = format!("line {line}: {}", fault.message);
            fault.place = Some(Place::new(source, 0..0));
            self.texts.forget(source);
        }
        fault
    }

    /// The value of a variable that a plugin is granted, which is shown nowhere.
    pub(super) fn variable(&mut self, name: &str, env: Option<Lookup<'_>>) -> Option<String> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        let value = env?(name)?;
        if value.len() >= LEAST_HIDDEN {
            self.texts.hide(&value);
        }
        self.variables.insert(name.to_owned(), value.clone());
        Some(value)
    }

    fn set(&mut self, argument: &str) -> Result<(), Fault> {
        let source = self.texts.push("--set", argument);
        let set = set::parameter(&self.root, source, argument).and_then(|parameter| match parameter {
            Some((name, place)) => {
                if declared(&self.root).iter().any(|(key, declaration)| key.text == name && is_secret(declaration)) {
                    hide_text(&mut self.texts, &argument[place.range()]);
                }
                self.given.set.insert(name, place);
                Ok(())
            }
            None => set::apply(&mut self.root, source, argument),
        });
        if set.is_err() && self.has_secrets() {
            // It may have been meant for a secret.
            hide_text(&mut self.texts, argument.split_once('=').map_or(argument, |(_, value)| value));
        }
        set
    }

    fn has_secrets(&self) -> bool {
        declared(&self.root).iter().any(|(_, declaration)| is_secret(declaration))
    }
}

/// What of a model's member may be a key: also that of a member which there is none of, as somebody may have meant `key`.
fn possible_keys<'a>(key: &Key, node: &'a Node) -> Vec<&'a Node> {
    match key.text.as_str() {
        "headers" => {
            let headers = node.table().unwrap_or_default().iter();
            let is_key = |name: &Key, value: &Node| {
                is_key_header(&name.text.to_ascii_lowercase()) && value.text().is_none_or(|text| !text.contains("$("))
            };
            headers.filter(|(name, value)| is_key(name, value)).map(|(_, value)| value).collect()
        }
        known if known != "key" && MODEL_KEYS.contains(&known) => Vec::new(),
        _ => vec![node],
    }
}

/// The scalars of a node that may be keys: neither references, nor names of variables, nor so short that hiding them would
/// spoil the message.
fn literals(node: &Node) -> Vec<&Node> {
    match &node.kind {
        Kind::List(items) => items.iter().flat_map(literals).collect(),
        Kind::Table(entries) => {
            let is_variable = |key: &Key, node: &Node| key.text == "env" && node.text().is_some_and(is_variable);
            entries.iter().filter(|(key, node)| !is_variable(key, node)).flat_map(|(_, node)| literals(node)).collect()
        }
        Kind::Plain(text) | Kind::Quoted(text) if text.len() < LEAST_HIDDEN || referred(text).is_some() => Vec::new(),
        Kind::Plain(_) | Kind::Quoted(_) => vec![node],
    }
}

/// A user and a password in an address.
fn user(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    authority.rsplit_once('@').map(|(user, _)| user.to_owned())
}

fn too_large(text: &str, what: &str) -> Option<Fault> {
    let mib = MAX_BYTES >> 20;
    (text.len() > MAX_BYTES).then(|| Fault::new(format!("larger than {mib} MiB, too large for {what}")))
}

/// Hides values as they are and as they are written, with all that is within them. Where they are too many the whole text
/// is hidden.
fn hide<'a>(texts: &mut Texts, source: u32, nodes: impl Iterator<Item = &'a Node>) {
    let mut open: Vec<&Node> = nodes.collect();
    let mut hidden = 0;
    while let Some(node) = open.pop() {
        match &node.kind {
            Kind::List(items) => open.extend(items),
            Kind::Table(entries) => open.extend(entries.iter().map(|(_, node)| node)),
            Kind::Plain(text) | Kind::Quoted(text) => {
                let written = texts.written(node.place).map(str::to_owned).unwrap_or_default();
                texts.hide(text);
                // Without its quotes: JSON that is redacted stays JSON.
                texts.hide(unquoted(&written));
                hidden += 1;
            }
        }
        if hidden > MAX_PARAMS {
            return texts.forget(source);
        }
    }
}

/// Hides what is written in an argument or variable, and what that means.
fn hide_text(texts: &mut Texts, text: &str) {
    match set::value(Place::NOWHERE, text, true) {
        Ok(Node { kind: Kind::Quoted(meant), .. }) if meant != text => {
            texts.hide(&meant);
            texts.hide(unquoted(text.trim()));
        }
        _ => texts.hide(text),
    }
}

fn unquoted(text: &str) -> &str {
    let within = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(text)
}
