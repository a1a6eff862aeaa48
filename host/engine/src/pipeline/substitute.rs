//! `$(name)` to the parameter's value, in every scalar and key but those under `params:`.

use std::collections::HashSet;
use std::ops::Range;

use indexmap::IndexMap;
use serde_json::Value;

use super::check::is_name;
use super::fault::{Fault, Segment, Short};
use super::param::Text;
use super::place::Place;
use super::spec::Param;
use super::suggest::did_you_mean;
use super::texts::Texts;
use super::tree::{Key, Kind, Node};

/// What values may add to a document: a long one may be referred to often.
const MAX_BYTES: usize = 16 << 20;

/// What an item of a list counts, besides its text.
const ITEM_BYTES: usize = 64;

/// The document with the parameters' values. What was a reference keeps its place.
pub(super) fn substitute(root: &Node, params: &[Param], texts: &Texts) -> Result<Node, Fault> {
    let params = params.iter().map(|param| (param.name.as_str(), param)).collect();
    let mut substitution = Substitution { params, texts, bytes: 0 };
    let Kind::Table(entries) = &root.kind else { return substitution.node(root) };
    let entry = |(key, node): &(Key, Node)| -> Result<(Key, Node), Fault> {
        let node = if key.text == "params" { node.clone() } else { substitution.within(key, node)? };
        Ok((key.clone(), node))
    };
    Ok(Node { kind: Kind::Table(entries.iter().map(entry).collect::<Result<_, _>>()?), place: root.place })
}

struct Substitution<'a> {
    params: IndexMap<&'a str, &'a Param>,
    texts: &'a Texts,
    bytes: usize,
}

impl<'a> Substitution<'a> {
    fn node(&mut self, node: &Node) -> Result<Node, Fault> {
        let kind = match &node.kind {
            Kind::List(items) => Kind::List(self.items(items)?),
            Kind::Table(entries) => Kind::Table(self.entries(entries)?),
            Kind::Plain(text) | Kind::Quoted(text) if text.contains("$(") => self.scalar(text, node.place)?,
            scalar => scalar.clone(),
        };
        Ok(Node { kind, place: node.place })
    }

    fn within(&mut self, key: &Key, node: &Node) -> Result<Node, Fault> {
        self.node(node).map_err(|fault| fault.within(Segment::Key(key.text.clone())))
    }

    fn items(&mut self, items: &[Node]) -> Result<Vec<Node>, Fault> {
        let item = |(index, node)| self.node(node).map_err(|fault| fault.within(Segment::Index(index)));
        items.iter().enumerate().map(item).collect()
    }

    fn entries(&mut self, entries: &[(Key, Node)]) -> Result<Vec<(Key, Node)>, Fault> {
        let entry = |(key, node): &(Key, Node)| Ok((self.key(key)?, self.within(key, node)?));
        let substituted = entries.iter().map(entry).collect::<Result<Vec<_>, Fault>>()?;
        if entries.iter().any(|(key, _)| key.text.contains("$(")) {
            let mut seen = HashSet::new();
            if let Some((key, _)) = substituted.iter().find(|(key, _)| !seen.insert(key.text.as_str())) {
                return Err(Fault::new(format!("the key `{}` stands twice", Short(&key.text))).at(key.place));
            }
        }
        Ok(substituted)
    }

    fn key(&mut self, key: &Key) -> Result<Key, Fault> {
        let text = if key.text.contains("$(") { self.text(&key.text, key.place)? } else { key.text.clone() };
        Ok(Key { text, place: key.place })
    }

    /// A scalar that is one reference and nothing else has the value and its type.
    fn scalar(&mut self, text: &str, place: Place) -> Result<Kind, Fault> {
        let name = text.strip_prefix("$(").and_then(|text| text.strip_suffix(')')).filter(|name| is_name(name));
        let Some(name) = name else { return self.text(text, place).map(Kind::Quoted) };
        match self.param(name, place)? {
            Value::Array(items) => {
                let item = |item| Ok(Node { kind: self.plain(item, place)?, place });
                items.iter().map(item).collect::<Result<_, _>>().map(Kind::List)
            }
            value => self.plain(value, place),
        }
    }

    fn plain(&mut self, value: &Value, place: Place) -> Result<Kind, Fault> {
        let text = Text(value).to_string();
        self.count(ITEM_BYTES + text.len(), place)?;
        Ok(if value.is_string() { Kind::Quoted(text) } else { Kind::Plain(text) })
    }

    /// A text with every reference in it replaced, and `$(` for `$$(`.
    fn text(&mut self, text: &str, place: Place) -> Result<String, Fault> {
        let mut whole = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(dollar) = text[at..].find('$').map(|offset| at + offset) {
            whole += &text[at..dollar];
            at = if text[dollar..].starts_with("$$(") {
                whole += "$(";
                dollar + 3
            } else if text[dollar..].starts_with("$(") {
                let end = self.end(text, dollar, place)?;
                whole += &self.inner(text, dollar..end, place)?;
                end
            } else {
                whole.push('$');
                dollar + 1
            };
        }
        Ok(whole + &text[at..])
    }

    /// Where a reference ends.
    fn end(&self, text: &str, start: usize, place: Place) -> Result<usize, Fault> {
        text[start..].find(')').map(|offset| start + offset + 1).ok_or_else(|| {
            Fault::new("`$(` without `)`").at(self.texts.within(place, text, start..start + 2)).help(LITERAL)
        })
    }

    /// The value of a reference among other text.
    fn inner(&mut self, text: &str, range: Range<usize>, place: Place) -> Result<String, Fault> {
        let name = &text[range.start + 2..range.end - 1];
        let place = self.texts.within(place, text, range.clone());
        let value = self.param(name, place)?;
        if value.is_array() {
            let fault = Fault::new(format!("the parameter `{}` is a list, and no list fits in a text", Short(name)));
            return Err(fault.at(place).help(format!("a value that is `$({})` and no more is the list", Short(name))));
        }
        let value = Text(value).to_string();
        self.count(value.len(), place)?;
        Ok(value)
    }

    fn param(&self, name: &str, place: Place) -> Result<&'a Value, Fault> {
        if let Some(param) = self.params.get(name) {
            return Ok(&param.value);
        }
        let help = did_you_mean(name, "the parameters are", self.params.keys().copied());
        let help = help.map(|help| format!("{help}; {LITERAL}")).unwrap_or(LITERAL.into());
        Err(Fault::new(format!("no parameter has the name `{}`", Short(name))).at(place).help(help))
    }

    fn count(&mut self, bytes: usize, place: Place) -> Result<(), Fault> {
        self.bytes += bytes;
        match self.bytes > MAX_BYTES {
            true => {
                Err(Fault::new(format!("the parameters' values come to more than {} MiB", MAX_BYTES >> 20)).at(place))
            }
            false => Ok(()),
        }
    }
}

/// How to write what is no reference.
const LITERAL: &str = "write `$$(` where `$(` itself is meant";
