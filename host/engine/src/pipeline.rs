//! What the user wrote: a pipeline file read into [`Pipeline`], with the place of everything kept so that later stages can
//! point at it.
//!
//! The way of a file: text → `tree` (YAML, with places) → `set` (`--set` changes nodes) → `decode` (by serde, into the
//! tables of `written`, from which the JSON Schema comes too) → `spec` (one shape per step, checked as far as one can
//! without plugins and data). What the pipeline means is the planner's question.

use std::path::Path;

use miette::NamedSource;
use serde::Deserialize;

use crate::error::PipelineError;

use fault::{Fault, Segment};
use tree::Node;

pub use place::{Place, Spanned};
pub use spec::{
    Action, Compression, ConcatOrder, CsvSpec, DatasetSpec, Format, JoinKind, Param, ParamKind, RouteBy, RouteSpec,
    RouteUnit, SinkSpec, SourceSpec, Step, UseSpec,
};
pub(crate) use suggest::did_you_mean;

mod check;
mod decode;
mod fault;
mod place;
mod set;
mod spec;
mod suggest;
mod tree;
mod written;

#[cfg(test)]
mod tests;

/// A pipeline as its file says it.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its name; the file's stem where it gives none.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The most rows in a batch.
    pub batch_rows: Option<usize>,
    /// The most bytes in a batch that has more than one row.
    pub batch_bytes: Option<usize>,
    /// A file for the rows that steps reject.
    pub quarantine: Option<String>,
    /// Where the leaves go that are no sinks.
    pub dataset: Option<DatasetSpec>,
    /// The runtime parameters and the values that they have.
    pub params: Vec<Param>,
    /// The steps, in the file's order; at least one.
    pub steps: Vec<Step>,
    /// The texts that places point into: the file, then each `--set`.
    texts: Vec<Text>,
    /// The document with every `--set` so far.
    root: Node,
}

/// A text that was read, under the name that messages call it by.
#[derive(Debug, Clone)]
struct Text {
    name: String,
    text: String,
}

/// A pipeline file is written by hand; what is larger is something else.
const MAX_BYTES: usize = 4 << 20;

impl Pipeline {
    /// Reads a pipeline from a text; `name` is what messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Box<PipelineError>> {
        Self::parse_with(name, text, [])
    }

    /// As [`parse`](Self::parse), with values [`set`](Self::set) first: only what they come to together must be right.
    pub fn parse_with<'a>(
        name: &str,
        text: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Box<PipelineError>> {
        let texts = vec![Text { name: name.into(), text: text.into() }];
        if text.len() > MAX_BYTES {
            let fault = Fault::new(format!("larger than {} MiB, too large for a pipeline file", MAX_BYTES >> 20));
            return Err(raise(&texts[..0], name, fault));
        }
        let root = Node::parse(0, text).map_err(|fault| raise(&texts, name, fault))?;
        Self::decode_with(root, texts, arguments)
    }

    /// Reads a pipeline file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Box<PipelineError>> {
        Self::load_with(path, [])
    }

    /// As [`load`](Self::load), with values [`set`](Self::set) first: only what they come to together must be right.
    pub fn load_with<'a>(
        path: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Box<PipelineError>> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let fail = |fault: Fault| raise(&[], &name, fault);
        let bytes = std::fs::read(path)
            .map_err(|error| fail(Fault::new(format!("cannot read the pipeline file `{name}`: {error}"))))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
            fail(Fault::new(format!("the pipeline file `{name}` is not UTF-8 text: invalid bytes on line {line}")))
        })?;
        Self::parse_with(&name, &text, arguments)
    }

    /// Changes a value, as `--set` does: `step.key=value`, where a plugin step's parameters may be named without `with.`, or
    /// `key=value` for the pipeline's own.
    ///
    /// `[…]`, `{…}` and quoted values are YAML; any other value is taken as it stands, and means what it would in the file.
    /// Where a source or sink is written as a table, a plain value replaces its path and leaves the rest.
    ///
    /// To be called before [`map_paths`](Self::map_paths), which it undoes. A failed call changes nothing.
    pub fn set(&mut self, argument: &str) -> Result<(), Box<PipelineError>> {
        self.set_all([argument])
    }

    /// [`set`](Self::set)s several values, in this order; only what they come to together must be right.
    pub fn set_all<'a>(&mut self, arguments: impl IntoIterator<Item = &'a str>) -> Result<(), Box<PipelineError>> {
        *self = Self::decode_with(self.root.clone(), self.texts.clone(), arguments)?;
        Ok(())
    }

    /// Passes every path through `f`: sources, sinks, the quarantine file and plugins that are files. The engine expands
    /// neither `~` nor variables; a program that wants to does so here.
    pub fn map_paths(&mut self, mut f: impl FnMut(&str) -> String) {
        if let Some(path) = &mut self.quarantine {
            *path = f(path);
        }
        for step in &mut self.steps {
            match &mut step.action {
                Action::Source(source) => source.paths.iter_mut().for_each(|path| path.value = f(path)),
                Action::Sink(sink) => sink.path.value = f(&sink.path),
                Action::Use(uses) if uses.is_file() => uses.plugin.value = f(&uses.plugin),
                _ => {}
            }
        }
    }

    /// The step of that id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id.value == id)
    }

    /// The name of the file, as given to [`parse`](Self::parse) or [`load`](Self::load).
    pub fn file(&self) -> &str {
        self.texts.first().map_or("", |text| &text.name)
    }

    /// An error that points at a place in the pipeline file, or in the `--set` argument that the value came from.
    pub fn error(
        &self,
        place: Place,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) -> PipelineError {
        *raise(&self.texts, self.file(), Fault::new(message).at(place).label(label).maybe_help(help))
    }

    /// The place of a byte range within a text value, as an expression's error gives it; the whole value where quotes or
    /// folding moved its bytes.
    pub fn place_within(&self, value: &Spanned<String>, bytes: std::ops::Range<usize>) -> Place {
        let whole = value.place;
        let written = self.texts.get(whole.source as usize).and_then(|text| text.text.get(whole.range()));
        let skip = match written {
            Some(written) if written == value.value => 0,
            Some(written) if written.get(1..written.len().saturating_sub(1)) == Some(&value.value) => 1,
            _ => return whole,
        };
        // Whole characters, so that nobody who cuts the text there panics.
        let len = value.value.len();
        let boundary = |at: usize| (at.min(len)..=len).find(|at| value.value.is_char_boundary(*at)).unwrap_or(len);
        let at = |offset: usize| whole.start as usize + skip + boundary(offset);
        Place::new(whole.source, at(bytes.start)..at(bytes.end))
    }

    /// The line of a place, from 1.
    pub fn line(&self, place: Place) -> Option<usize> {
        line(&self.texts, place)
    }

    /// The JSON Schema of a pipeline file.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(written::PipelineFile).to_value()
    }

    fn decode_with<'a>(
        mut root: Node,
        mut texts: Vec<Text>,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Box<PipelineError>> {
        for argument in arguments {
            let source = u32::try_from(texts.len()).unwrap_or(u32::MAX);
            texts.push(Text { name: "--set".into(), text: argument.into() });
            set::apply(&mut root, source, argument).map_err(|fault| raise(&texts, "--set", fault))?;
        }
        Self::decode(root, texts)
    }

    fn decode(root: Node, texts: Vec<Text>) -> Result<Self, Box<PipelineError>> {
        let name = texts.first().map_or("", |text| &text.name);
        let pipeline =
            written::PipelineFile::deserialize(&root).and_then(|file| file.check(|place| line(&texts, place)));
        let file = match pipeline {
            Ok(file) => file,
            Err(fault) => return Err(raise(&texts, name, name_step(fault, &root))),
        };
        let stem =
            || Path::new(name).file_stem().map_or_else(|| "pipeline".into(), |s| s.to_string_lossy().into_owned());
        Ok(Self {
            name: file.name.unwrap_or_else(stem),
            description: file.description,
            batch_rows: file.batch_rows,
            batch_bytes: file.batch_bytes,
            quarantine: file.quarantine,
            steps: file.steps,
            texts,
            root,
        })
    }
}

/// Begins a fault's message with the id of the step that it is in.
fn name_step(mut fault: Fault, root: &Node) -> Fault {
    let [.., Segment::Index(index), Segment::Key(key)] = fault.path.as_slice() else { return fault };
    let steps = root.get(key).map(|node| &node.kind);
    let Some(tree::Kind::List(steps)) = steps else { return fault };
    if let Some(id) = steps.get(*index).and_then(|step| step.get("id")).and_then(Node::text) {
        fault.message = format!("step `{}`: {}", fault::Short(id), fault.message);
    }
    fault
}

/// A fault with the text that it points into.
fn raise(texts: &[Text], name: &str, fault: Fault) -> Box<PipelineError> {
    let place = fault.place.filter(|place| (place.source as usize) < texts.len());
    let source = place.map(|place| &texts[place.source as usize]).or(texts.first());
    let (name, text) = source.map_or((name, ""), |source| (&source.name, &source.text));
    Box::new(PipelineError {
        message: fault.message,
        source_code: NamedSource::new(name, text.to_owned()),
        span: place.map(|place| place.range().into()),
        label: fault.label,
        help: fault.help,
    })
}

fn line(texts: &[Text], place: Place) -> Option<usize> {
    let text = texts.get(place.source as usize)?.text.as_bytes();
    Some(text.iter().take(place.start as usize).filter(|byte| **byte == b'\n').count() + 1)
}
