//! The body of a task's row as a task.
//!
//! A row that a run's turn inserted holds what is asked; from the first move on it holds the task.
//! A run that ends before that first move leaves a closed row that still holds what is asked.

use usher_api::approval::Asked;
use usher_ledger::tasks::TaskRow;
use usher_notifier_core::task::{TASK_VERSION, Task};

use super::GateError;

/// The task of a row.
///
/// # Errors
/// [`GateError::Unreadable`] when this release cannot read the body.
pub fn task_of(row: &TaskRow) -> Result<Task, GateError> {
    let unreadable = |reason: String| GateError::Unreadable {
        task: row.id.clone(),
        reason,
    };
    let task = match serde_json::from_slice::<Task>(&row.body) {
        Ok(task) => task,
        Err(as_task) => match serde_json::from_slice::<Asked>(&row.body) {
            Ok(asked) => Task::opening(asked),
            Err(_) => return Err(unreadable(as_task.to_string())),
        },
    };
    if task.v > TASK_VERSION {
        let text = format!("it has version {}, known is {TASK_VERSION}", task.v);
        return Err(unreadable(text));
    }
    Ok(task)
}
