//! probe
pub mod error;
mod contract;
mod transfer;
pub mod component; mod instance; pub mod engine; pub mod limits; pub mod pipeline; 
