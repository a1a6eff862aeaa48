//! `env`: named variables of the environment. A step has no arguments and no working directory.

use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::p2::bindings::cli::environment;

use super::{Abilities, Grants};
use crate::instance::Guest;

/// What the host keeps for an instance.
pub(crate) struct Env {
    grants: Arc<Grants>,
}

impl Env {
    pub(crate) fn new(grants: &Arc<Grants>) -> Self {
        Self { grants: grants.clone() }
    }
}

pub(crate) fn link(linker: &mut Linker<Guest>) -> Result<()> {
    environment::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities)
}

impl environment::Host for Abilities {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        Ok(self.env.grants.env.clone().unwrap_or_default().0)
    }

    fn get_arguments(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}
