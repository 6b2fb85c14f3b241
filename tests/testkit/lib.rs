//! What tests of the suite share: the shipped binary, a state of one's own, chance and counts.
//!
//! A test of the suite drives `usher` as a person does, in a folder and an environment that hold
//! nothing else. Nothing here sleeps: a deadline is a wait for the thing itself, with an end.

mod aim;
mod asking;
mod chance;
mod facts;
mod many;
mod object;
mod place;
mod rows;
mod secrets;
mod served;
mod shipped;
mod together;
mod web;

pub use aim::Aim;
pub use asking::{Form, ask, grow_old, mailed_links, page_of};
pub use chance::{Counts, counts, scaled, seed};
pub use facts::Facts;
pub use many::{copied_link, copied_task, multiply};
pub use object::{message, node, nodes, phase, seconds, tree};
pub use place::{Place, Said, wait};
pub use rows::{Rows, WriteLock};
pub use secrets::Secrets;
pub use served::{awake, client};
pub use shipped::{bin, cargo, root};
pub use together::{side_by_side, until, until_within};
pub use web::{Letter, Web};
