//! The command line: what a person types and what a person sees.

pub mod progress;
pub mod view;
