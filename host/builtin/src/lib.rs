//! Stillroom's built-in plugins as bytes, embedded in whoever depends on this crate. The engine loads them exactly as it
//! loads a stranger's file; they have no privilege.

/// Name and bytes of each built-in plugin.
pub const PLUGINS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/plugins.rs"));
