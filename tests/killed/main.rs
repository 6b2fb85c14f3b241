//! `kill -9` of the shipped binary at each step of a mail's way, of a decision and of a retry: what
//! was begun is repeated harmlessly, or was not done at all.
//!
//! The binary has no switch for faults. It is stopped from outside at the step that is meant: by
//! the mail server that it talks to, by the ledger's lock, by what is seen in the ledger; or it is
//! killed at an instant of chance, again and again.

mod decisions;
mod engine;
mod mails;
mod retries;
mod sink;
mod work;
