//! Other documents that are written as a pipeline is: YAML whose errors say where they are.

use serde::de::DeserializeOwned;

use super::texts::Texts;
use super::tree::Node;
use crate::error::PipelineError;

/// Reads a YAML text; `name` is what messages call it.
///
/// # Errors
/// Says what is wrong at its line and column: the text is no YAML, or not what is wanted.
pub fn document<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Box<PipelineError>> {
    let read = Node::parse(0, text).and_then(|root| T::deserialize(&root));
    read.map_err(|fault| Texts::new(name, text).raise(fault))
}
