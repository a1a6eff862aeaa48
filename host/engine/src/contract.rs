//! What plugin and host say to each other: one module per contract version, and the column types in words.

pub(crate) mod data_type;
pub(crate) mod v0_1;

/// The contract versions that this host speaks, newest first.
pub const VERSIONS: &[&str] = &["0.1"];

/// The interface every plugin exports, less its version.
pub(crate) const STEP_INTERFACE: &str = "stillroom:step/step";

/// The one import that is always linked: a guest's last words.
pub(crate) const DIAGNOSTICS_INTERFACE: &str = "stillroom:step/diagnostics@0.1.0";
