//! The pages behind mailed links over real HTTP, by the scenarios of the design (§5 B to H).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "kit/kit.rs"]
#[allow(dead_code, reason = "each test program takes what it needs")]
mod kit;

mod pages {
    mod api;
    mod ends;
    mod links;
    mod races;
    mod record;
    mod scanners;
    mod timers;
    mod votes;
}
