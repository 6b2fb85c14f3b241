//! Finding requests for a caller: one by its id or the beginning of it, and lists by pages.
//!
//! Who may not know of a request gets the same answer as if there were none.

use usher_ledger::tasks::{TaskFilter, TaskReader, TaskRow};
use usher_notifier_core::people::Person;
use usher_notifier_core::task::Task;

use super::{Caller, Desk, DeskError, Summary, seen, slot_of};
use crate::gate::{GateError, task_of};

/// Rows that are read at a time.
const ROWS: usize = 200;

/// A page of a list reads at most so many rows, however few of them the caller may see.
const ROWS_MAX: usize = 10_000;

/// Among so many of the newest requests the beginning of an id is looked up.
const NEWEST: usize = 1_000;

/// What a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those with a slot of the caller's.
    pub mine: bool,
    /// Only in this state, in the words of [`Summary::state`].
    pub state: Option<String>,
    /// What the ledger can sort out; its limit is the page's.
    pub filter: TaskFilter,
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Requests, the newest first.
    pub items: Vec<Summary>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<(i64, String)>,
}

impl Desk {
    /// Requests, the newest first; `mine`: those with a slot of the caller's.
    ///
    /// # Errors
    /// When the ledger or the directory cannot be read.
    pub async fn list(
        &self,
        filter: TaskFilter,
        mine: bool,
        caller: &Caller,
    ) -> Result<Vec<Summary>, DeskError> {
        let wanted = Wanted {
            mine,
            state: None,
            filter,
        };
        Ok(self.page(wanted, caller).await?.items)
    }

    /// A page of requests.
    ///
    /// # Errors
    /// When the ledger or the directory cannot be read.
    pub async fn page(&self, wanted: Wanted, caller: &Caller) -> Result<Page, DeskError> {
        let person = self.person(caller)?;
        let most = wanted.filter.limit.max(1);
        let mut filter = wanted.filter;
        filter.limit = ROWS;
        let mut page = Page::default();
        for _ in 0..ROWS_MAX / ROWS {
            let read = filter.clone();
            let read = move |reader: &mut dyn TaskReader| reader.tasks(&read);
            let rows = self.ports().store.read(read).await;
            let rows = rows.map_err(GateError::from)?;
            for row in &rows {
                filter.before = Some((row.opened_ms, row.id.clone()));
                let task = task_of(row)?;
                let asked = slot_of(&task, person.as_ref()).is_some();
                let fits = asked || (!wanted.mine && may_know(&task, person.as_ref(), caller));
                let line = seen::summary(row, &task);
                if fits
                    && wanted
                        .state
                        .as_ref()
                        .is_none_or(|state| *state == line.state)
                {
                    page.items.push(line);
                }
                if page.items.len() >= most {
                    page.next = filter.before;
                    return Ok(page);
                }
            }
            if rows.len() < ROWS {
                return Ok(page);
            }
        }
        page.next = filter.before;
        Ok(page)
    }

    /// The request of an id or the beginning of one.
    pub(super) async fn find(
        &self,
        id: &str,
        caller: &Caller,
    ) -> Result<(TaskRow, Task), DeskError> {
        let none = || DeskError::NotFound(id.to_owned());
        let (row, task) = match self.gate.task(id).await? {
            Some(found) => found,
            None if id.len() >= 4 && id.len() < 36 => {
                let row = self.by_beginning(id).await?.ok_or_else(none)?;
                let task = task_of(&row)?;
                (row, task)
            }
            None => return Err(none()),
        };
        let person = self.person(caller)?;
        if may_know(&task, person.as_ref(), caller) {
            Ok((row, task))
        } else {
            Err(none())
        }
    }

    async fn by_beginning(&self, start: &str) -> Result<Option<TaskRow>, DeskError> {
        let filter = TaskFilter {
            limit: NEWEST,
            ..TaskFilter::default()
        };
        let read = move |reader: &mut dyn TaskReader| reader.tasks(&filter);
        let rows = self.ports().store.read(read).await;
        let mut rows = rows.map_err(GateError::from)?;
        rows.retain(|row| row.id.starts_with(start));
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            _ => Err(DeskError::Ambiguous(start.to_owned())),
        }
    }
}

/// Whether a caller may know of a request: who runs the engine, is asked by it, or made it.
fn may_know(task: &Task, person: Option<&Person>, caller: &Caller) -> bool {
    let asks = |person: &Person| {
        task.requester
            .as_ref()
            .is_some_and(|own| own.id == person.id)
    };
    caller.operator
        || task.asked.submitter == caller.account
        || slot_of(task, person).is_some()
        || person.is_some_and(asks)
}
