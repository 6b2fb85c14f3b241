//! The actors in a world of their own: a ledger in memory or in a file, and processes that end when
//! a test says so. Time is the system's plus what a test adds; nothing waits for time to pass.

mod dying;
mod faults;
mod rig;
mod sleeping;
mod watching;
