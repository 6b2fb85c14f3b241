//! How requests for approval stand, told by the nodes that wait for them.
//!
//! A run knows that it asks, not who has answered so far: votes that decide nothing are none of its
//! business. So whoever looks at a run is told from the requests themselves.

use usher_core::run::Run;
use usher_ledger::Reader;
use usher_notifier::gate::task_of;
use usher_notifier::verdict;

/// So many nodes of a run are told of; the others say that they wait.
const TOLD_MAX: usize = 200;

/// Puts into the messages of waiting nodes how their requests stand: `waiting: finance 1 of 2`.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn tell(reader: &mut dyn Reader, run: &mut Run) -> Result<(), usher_ledger::Error> {
    let asking = run.nodes.iter_mut().filter(|node| node.asks());
    for node in asking.take(TOLD_MAX) {
        let Some(id) = &node.task else { continue };
        let row = reader.task(id)?.filter(|row| row.open);
        // A request that a newer release wrote is left as the run tells of it.
        if let Some(Ok(task)) = row.as_ref().map(task_of) {
            node.message = verdict::waiting(&task);
        }
    }
    Ok(())
}
