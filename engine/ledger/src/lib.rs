//! The ledger: where runs live. It stores bytes and knows no workflow.
//!
//! ```text
//!   keepers ── Write ──► Writer (one thread) ── groups ──► Ledger (Sqlite | Memory)
//!                            │                                  ▲
//!                            └── outcomes of commands           │ Reader × n: the reading pool
//! ```
//!
//! It knows uids, partitions with their epochs, versions, due times and commands; the bodies are
//! bytes whose layout and version belong to the core. So the rules that keep a run from being
//! written by two owners, or a command from being applied twice, stand in one place and are tested
//! by one contract (`tests/contract.rs`) on every adapter.
//!
//! Not here: what a turn decides (`usher-core`), who takes turns (`usher`), the lock that makes
//! one process the only writer of a file (the engine's state directory).

mod clock;
mod error;
mod filesystem;
mod limits;
mod memory;
mod partition;
mod port;
mod rows;
#[cfg(test)]
mod samples;
mod schema;
mod sqlite;
pub mod tasks;
mod text;
mod writer;

pub use clock::Clock;
pub use error::{Error, Source};
pub use filesystem::network_kind;
pub use memory::{Fault, Memory};
pub use partition::{PARTITIONS, part_of};
pub use port::{Ledger, Reader};
pub use rows::{
    Applied, BODY_MAX, Birth, Command, CommandState, Counts, Fence, Filter, Head, Loaded, NodeRow,
    Outcome, Partition, People, Quiet, RunRow, Turn, Write,
};
pub use schema::SCHEMA;
pub use sqlite::{Durability, Sqlite, SqliteReader};
pub use writer::{Handle, OnApplied, OnFatal, OnWritten, Stats, Writer};
