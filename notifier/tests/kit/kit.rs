//! What tests of the notifier stand on: a ledger in a folder of its own, a clock that is turned by
//! hand, people, ports, the pages on a real listener, and a browser without scripts.

pub(crate) mod asking;
pub(crate) mod browser;
pub(crate) mod form;
pub(crate) mod parts;
pub(crate) mod world;

pub(crate) use world::World;
