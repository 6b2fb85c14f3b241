//! Races for one outcome: two deciders, a decider against the time limit, a decider against
//! terminate. The shipped binary serves; each side is a process of its own that starts at the same
//! shot. 10,000 races in `full`, a tenth of them otherwise.
//!
//! The law: one outcome, in the ledger, in the run, in the record and in the mails; the loser is
//! told that one; the records are sound at the end. And it must be a race: each side wins at least
//! one in a hundred.

mod arena;
mod behind;
mod deciders;
mod ends;
mod judge;
mod lane;
mod limits;
