//! How things look: text made safe and clipped to width, numbers, tables, graphs, what a plugin says of itself, what a run did.

pub(crate) mod capability;
pub(crate) mod dry_run;
pub(crate) mod graph;
pub(crate) mod leaf;
pub(crate) mod markdown;
pub(crate) mod models;
pub(crate) mod number;
pub(crate) mod page;
pub(crate) mod parameter;
pub(crate) mod planned;
pub(crate) mod plugin;
pub(crate) mod setting;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod text;
