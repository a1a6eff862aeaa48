//! The hostile suite: everything that a stranger's step may try, in every call in which it can. Each is contained, named,
//! within its limits, and the same engine answers the next batch. `tests/HOSTILE.md` lists what is tried.

#![allow(clippy::panic)] // in what the tests share

#[path = "hostile/abi.rs"]
mod abi;
#[allow(dead_code)] // some of it is the guest's half
#[path = "../../guests/hostile/src/cases.rs"]
mod cases;
#[path = "hostile/catalogue.rs"]
mod catalogue;
#[path = "hostile/common.rs"]
mod common;
#[path = "hostile/expect.rs"]
mod expect;
#[path = "hostile/guest.rs"]
mod guest;
#[path = "hostile/isolation.rs"]
mod isolation;
#[path = "hostile/load.rs"]
mod load;
#[path = "hostile/module.rs"]
mod module;
#[path = "hostile/table.rs"]
mod table;
