//! Vectors of texts.
//!
//! A plugin that calls this asks for `embedding`, and a pipeline has to grant it, with the models that it declares.
//!
//! ```
//! use stillroom_sdk::embedding::{self, Model};
//!
//! # embedding::embed_with(|_, text| Ok(vec![text.len() as f32, 1.0]));
//! # fn main() -> stillroom_sdk::Result<()> {
//! let model = Model::named("small")?;
//! assert_eq!(model.embed(&["four".to_owned()]), [Ok(vec![4.0, 1.0])]);
//! # Ok(())
//! # }
//! ```
//!
//! In a test without WebAssembly [`embed_with`](fn@embed_with) says what is answered.

pub use crate::llm::Failure;
use crate::{Fault, Result};

/// A model that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    name: String,
    served: String,
}

impl Model {
    /// The model of a name. [`Fault::Params`] where the pipeline does not declare it, or the plugin may not ask it: for
    /// `open`, so that this is told before a row moves.
    pub fn named(name: &str) -> Result<Self> {
        let served = imp::describe(name).map_err(|failure| Fault::params(failure.why().to_owned()))?;
        Ok(Self { name: name.to_owned(), served })
    }

    /// What the pipeline calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its server calls it.
    pub fn served(&self) -> &str {
        &self.served
    }

    /// For each text its vector.
    pub fn embed(&self, texts: &[String]) -> Vec<Result<Vec<f32>, Failure>> {
        imp::embed(&self.name, texts)
    }
}

#[cfg(target_family = "wasm")]
mod imp {
    use super::Failure;
    use crate::component::bindings::stillroom::step::embedding;

    pub(super) fn describe(model: &str) -> Result<String, Failure> {
        embedding::describe(model).map(|about| about.model).map_err(Failure::from)
    }

    pub(super) fn embed(model: &str, texts: &[String]) -> Vec<Result<Vec<f32>, Failure>> {
        let vector = |bytes: Vec<u8>| bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect();
        embedding::embed(model, texts).into_iter().map(|made| made.map(vector).map_err(Failure::from)).collect()
    }
}

#[cfg(not(target_family = "wasm"))]
pub use imp::embed_with;

#[cfg(not(target_family = "wasm"))]
mod imp {
    use std::cell::RefCell;

    use super::Failure;

    type Embedding = Box<dyn FnMut(&str, &str) -> Result<Vec<f32>, Failure>>;

    thread_local! {
        static EMBEDDING: RefCell<Option<Embedding>> = const { RefCell::new(None) };
    }

    /// For tests: what makes this thread's vectors from now on. It is given the model's name and the text.
    pub fn embed_with(embedding: impl FnMut(&str, &str) -> Result<Vec<f32>, Failure> + 'static) {
        EMBEDDING.set(Some(Box::new(embedding)));
    }

    pub(super) fn describe(model: &str) -> Result<String, Failure> {
        if EMBEDDING.with_borrow(Option::is_some) { Ok(model.to_owned()) } else { Err(nobody()) }
    }

    pub(super) fn embed(model: &str, texts: &[String]) -> Vec<Result<Vec<f32>, Failure>> {
        EMBEDDING.with_borrow_mut(|embedding| match embedding {
            Some(embedding) => texts.iter().map(|text| embedding(model, text)).collect(),
            None => texts.iter().map(|_| Err(nobody())).collect(),
        })
    }

    fn nobody() -> Failure {
        Failure::Denied("no test answers for models: `embedding::embed_with` sets what does".to_owned())
    }
}
