//! Where a value came from a parameter: seen in the text that stands at its place.

use super::check::is_name;
use super::place::Place;
use super::spec::Param;
use super::texts::Texts;

/// What stands at a place.
pub(super) enum Reference {
    /// Something of its own.
    None,
    /// `$(name)` and nothing else, of a secret parameter.
    Secret(String),
    /// The same, of one that is not secret.
    Open(String),
    /// The same, of none.
    Unknown(String),
}

/// The texts that places point into, and the parameters.
pub(super) struct References<'a> {
    texts: &'a Texts,
    params: &'a [Param],
}

impl<'a> References<'a> {
    pub(super) fn new(texts: &'a Texts, params: &'a [Param]) -> Self {
        Self { texts, params }
    }

    /// What is, as a whole, a parameter's value.
    pub(super) fn only(&self, place: Place) -> Reference {
        let written = self.texts.written(place).unwrap_or_default();
        let Some(name) = referred(written) else { return Reference::None };
        match self.params.iter().find(|param| *param.name == name) {
            Some(param) if param.secret => Reference::Secret(name.to_owned()),
            Some(_) => Reference::Open(name.to_owned()),
            None => Reference::Unknown(name.to_owned()),
        }
    }

    /// Whether a secret parameter's value is in what stands there.
    pub(super) fn has_secret(&self, place: Place) -> bool {
        let written = self.texts.written(place).unwrap_or_default();
        self.params.iter().any(|param| param.secret && written.contains(&format!("$({})", *param.name)))
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, place: Place) -> Option<usize> {
        self.texts.line(place)
    }
}

/// The parameter's name, where a text is `$(name)` and nothing else, perhaps in quotes.
pub(super) fn referred(written: &str) -> Option<&str> {
    let bare = written.trim().trim_matches(['"', '\'']);
    bare.strip_prefix("$(")?.strip_suffix(')').filter(|name| is_name(name))
}
