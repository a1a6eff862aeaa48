//! The texts that places point into, and the errors that show them.

use std::borrow::Cow;
use std::ops::Range;

use miette::NamedSource;

use super::fault::Fault;
use super::place::Place;
use super::secret::Secrets;
use crate::error::PipelineError;

/// The file, then every `--set`, parameter file and variable that was read.
#[derive(Clone)]
pub(super) struct Texts {
    texts: Vec<Text>,
    secrets: Secrets,
}

/// A text that was read, under the name that messages call it by.
#[derive(Clone)]
struct Text {
    name: String,
    text: String,
}

impl Texts {
    pub(super) fn new(name: &str, text: &str) -> Self {
        Self { texts: vec![Text { name: name.into(), text: text.into() }], secrets: Secrets::default() }
    }

    /// Adds a text; the answer is what its places have for a source.
    pub(super) fn push(&mut self, name: &str, text: &str) -> u32 {
        self.texts.push(Text { name: name.into(), text: text.into() });
        u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX)
    }

    /// The pipeline file's name.
    pub(super) fn file(&self) -> &str {
        self.texts.first().map_or("", |text| &text.name)
    }

    /// The pipeline file's text.
    pub(super) fn file_text(&self) -> Cow<'_, str> {
        self.redact(self.texts.first().map_or("", |text| &text.text))
    }

    /// What is written at a place.
    pub(super) fn written(&self, place: Place) -> Option<&str> {
        self.texts.get(place.source as usize)?.text.get(place.range())
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, place: Place) -> Option<usize> {
        let text = self.texts.get(place.source as usize)?.text.as_bytes();
        Some(text.iter().take(place.start as usize).filter(|byte| **byte == b'\n').count() + 1)
    }

    /// The place of a byte range within a text value; the whole value where quotes or folding moved its bytes.
    pub(super) fn within(&self, whole: Place, value: &str, bytes: Range<usize>) -> Place {
        let skip = match self.written(whole) {
            Some(written) if written == value => 0,
            Some(written) if written.get(1..written.len().saturating_sub(1)) == Some(value) => 1,
            _ => return whole,
        };
        // Whole characters, so that nobody who cuts the text there panics.
        let len = value.len();
        let boundary = |at: usize| (at.min(len)..=len).find(|at| value.is_char_boundary(*at)).unwrap_or(len);
        let at = |offset: usize| whole.start as usize + skip + boundary(offset);
        Place::new(whole.source, at(bytes.start)..at(bytes.end))
    }

    /// From now on this is not shown.
    pub(super) fn hide(&mut self, secret: &str) {
        self.secrets.add(secret);
    }

    /// Forgets a text that may hold secrets which nobody can find.
    pub(super) fn forget(&mut self, source: u32) {
        if let Some(text) = self.texts.get_mut(source as usize) {
            text.text.clear();
        }
    }

    /// A text without secrets.
    pub(super) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.secrets.redact(text)
    }

    /// A fault with the text that it points into, without secrets.
    pub(super) fn raise(&self, fault: Fault) -> Box<PipelineError> {
        let at = fault.place.and_then(|place| Some((place, self.texts.get(place.source as usize)?)));
        let (name, text) = at.map(|(_, text)| text).or(self.texts.first()).map_or(("", ""), |t| (&t.name, &t.text));
        // A text that was forgotten has no places.
        let place = at.map(|(place, _)| place).filter(|place| place.range().end <= text.len());
        let (text, span) = self.secrets.redact_with(text, place.map_or(0..0, Place::range));
        let shown = |text: &str| self.secrets.redact_message(text).into_owned();
        Box::new(PipelineError {
            message: shown(&fault.message),
            source_code: NamedSource::new(shown(name), text.into_owned()),
            span: place.map(|_| span.into()),
            label: shown(&fault.label),
            help: fault.help.as_deref().map(shown),
        })
    }
}
