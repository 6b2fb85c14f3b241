//! What tests of the suite share: the shipped binary, a state of one's own, chance and counts.
//!
//! A test of the suite drives `usher` as a person does, in a folder and an environment that hold
//! nothing else. Nothing here sleeps: a deadline is a wait for the thing itself, with an end.

mod chance;
mod place;
mod shipped;

pub use chance::{Counts, counts, scaled, seed};
pub use place::{Place, Said, wait};
pub use shipped::{bin, root};
