//! A core module as the component that it is meant to be.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::compile::{has_type, is_module};
use super::{plugin_error, speaks};
use crate::error::Result;

/// The contract's text: what a tool needs that makes components of its own.
pub const CONTRACT_WIT: &str = include_str!("../../../../sdk/wit/v0.1/step.wit");

/// The world of a module that does not say its own: all that a plugin may ask for. What it does not import falls away.
const WORLD: &str = "capable";

/// Makes a component of a core module; a component is handed back as it is. `name` is what errors call it.
///
/// A module without a component type is taken for one of the contract's newest version. Each adapter is the name of a module
/// that it imports from and a module that stands in for that.
///
/// # Errors
/// [`PluginError`](crate::error::PluginError): it is no module, or its imports and exports are not the contract's.
pub fn encode(name: &str, module: &[u8], adapters: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    if !is_module(module) {
        return Ok(module.to_vec());
    }
    encoded(module, adapters).map_err(|why| plugin_error(name, format!("cannot be made a component: {why}"), speaks()))
}

fn encoded(module: &[u8], adapters: &[(&str, &[u8])]) -> std::result::Result<Vec<u8>, String> {
    // The errors of these crates are chains whose every link says something.
    macro_rules! told {
        ($result:expr) => {
            $result.map_err(|error| format!("{error:#}"))
        };
    }
    let mut module = module.to_vec();
    if !has_type(&module) {
        let mut resolve = Resolve::default();
        let package = told!(resolve.push_str("step.wit", CONTRACT_WIT))?;
        let world = told!(resolve.select_world(&[package], Some(WORLD)))?;
        told!(embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8))?;
    }
    let mut encoder = told!(ComponentEncoder::default().validate(true).module(&module))?;
    for (import, adapter) in adapters {
        encoder = told!(encoder.adapter(import, adapter))?;
    }
    told!(encoder.encode())
}
