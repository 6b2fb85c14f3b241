//! The engine's socket: other `usher` processes on the same state directory are its clients.
//!
//! One JSON document a line, both ways. Who calls is the account at the other end of the socket
//! (peer credentials); nobody can claim to be somebody else.

pub mod filter;
pub mod protocol;
pub mod read;

mod approvals;
mod requests;
mod serve;
mod waits;

pub use requests::Api;
pub use serve::serve;
