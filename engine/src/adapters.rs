//! What the engine's ports are in this world.

pub mod local;
pub mod process;
