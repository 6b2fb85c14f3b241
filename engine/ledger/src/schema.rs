//! The tables and how they came to be: migrations that only add.
//!
//! The file says which schema it is at (`meta`, key `schema`). A binary brings an older file up
//! to its own and refuses a newer one: what it does not know it could not keep.
//!
//! Tables for reports, locks, crons and labels come with the work that needs them, each by a
//! migration of its own.

/// The newest schema that this binary knows.
pub const SCHEMA: i64 = 2;

/// Written into the file's header (`application_id`), so that a foreign database is known: `USHR`.
pub(crate) const APPLICATION: i64 = 0x5553_4852;

/// Migration `n` (counted from 0) brings a file from schema `n` to `n + 1`.
pub(crate) const MIGRATIONS: [&str; SCHEMA as usize] = [
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
];
