//! The actors: who owns what, and who talks to whom.
//!
//! ```text
//!                     Engine ── supervises ► PartitionKeeper × partitions
//!                                               │  owns, wakes, lets sleep, rebuilds
//!                                               ▼
//!   clients ──command──► ledger ──nudge──►  RunKeeper × awake runs ──turn──► LedgerWriter (thread)
//!                                               │ ▲                              │
//!                                       effects │ │ events          Committed ◄──┘
//!                                               ▼ │
//!                                           NodeKeeper × live nodes
//!                                               │ ▲
//!                                        launch │ │ news
//!                                               ▼ │
//!                                            PodWatch × runtime ◄──► launcher (a process)
//! ```
//!
//! Every actor owns one thing and can be rebuilt from the ledger. A panic in a handler kills an
//! actix actor for good, so each is looked after: a [`guard::Guard`]'s drop tells the parent of a
//! `RunKeeper` or `NodeKeeper`, the engine looks at its partitions and the watch, and the host at
//! the engine. Addresses that change so are asked for in the [`roster::Roster`]. All mailboxes are
//! bounded and filled with `try_send`; `do_send` is banned.
//!
//! All actors live on one thread: what they do is small, and what is not (decoding, writing) is
//! done by the reading and writing threads.

pub mod engine;
pub mod guard;
pub mod messages;
pub mod node;
pub mod partition;
pub mod pod_watch;
pub mod roster;
pub mod run;
pub mod shell;

#[cfg(test)]
mod tests;

/// How many messages an actor's mailbox holds before `try_send` refuses.
pub const MAILBOX: usize = 1 << 16;
