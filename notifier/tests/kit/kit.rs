//! What tests of the notifier stand on: a ledger in a folder of its own, a clock that is turned by
//! hand, people, ports, the pages on a real listener, and a browser without scripts.

#![allow(dead_code, reason = "each test program takes what it needs")]

pub mod asking;
pub mod browser;
pub mod form;
pub mod parts;
pub mod world;

pub use browser::Browser;
pub use world::World;
