//! `doctor`: does everything here work, and if not, what to do about it.

use super::args::Global;
use super::{DONE, FAILED, output};

/// `usher doctor`.
pub(super) fn doctor(global: &Global) -> anyhow::Result<u8> {
    let _ = (global, FAILED);
    output::print("")?;
    Ok(DONE)
}
