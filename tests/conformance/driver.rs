//! What can carry a case out: the core in process, later the shipped binary.

use serde_json::Value;

use crate::case::Case;

/// What became of a case.
#[derive(Debug)]
pub(crate) enum Carried {
    /// The finished `Workflow` object.
    Object(Value),
    /// The file was refused; one line a fault.
    Refused(Vec<String>),
    /// The case needs a feature that is not supported yet.
    NotYet(String),
    /// It did not come to an end.
    Stuck(String),
}

/// Something that runs workflow files.
pub(crate) trait Driver {
    /// Submits the case's file, does its actions at their times, waits for the end.
    fn carry_out(&self, case: &Case) -> Carried;
}
