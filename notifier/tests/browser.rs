//! The approver pages in a real Chromium, with scripts and without; and what the accessibility
//! checker axe finds on every state of a page: nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "kit/kit.rs"]
#[allow(dead_code, reason = "the pages' tests use the rest")]
mod kit;

mod browser {
    mod driver;
    mod looks;
    mod mailbox;
    mod people;
    mod robots;
}
