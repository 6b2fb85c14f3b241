//! Reading approvals and mail in memory.

use std::collections::BTreeMap;

use super::count;
use crate::error::Error;
use crate::memory::Memory;
use crate::tasks::{
    Boxed, BoxedRow, LinkRow, MailRow, RecordRow, StoredAnswer, TaskCounts, TaskFilter, TaskReader,
    TaskRow,
};
use crate::text::clean;

impl Memory {
    /// Mails that are to be sent, the longest due first.
    fn waiting(&self) -> Vec<MailRow> {
        let shared = self.lock();
        let mails = shared.tables.desk.mails.values();
        let mut waiting: Vec<MailRow> = mails
            .filter(|row| row.phase.is_waiting())
            .cloned()
            .collect();
        waiting.sort_by_key(|row| (row.mail.due_ms, row.id));
        waiting
    }

    /// Tasks that are due some time, the longest due first.
    fn dues(&self) -> Vec<(i64, String)> {
        let shared = self.lock();
        let tasks = shared.tables.desk.tasks.iter();
        let mut dues: Vec<(i64, String)> = tasks
            .filter_map(|task| Some((task.due_ms?, task.id.clone())))
            .collect();
        dues.sort_by_key(|(due_ms, _)| *due_ms);
        dues
    }
}

fn is_wanted(filter: &TaskFilter, task: &TaskRow) -> bool {
    let is = |wanted: &Option<String>, found: &str| {
        wanted.as_ref().is_none_or(|wanted| clean(wanted) == found)
    };
    is(&filter.namespace, &task.namespace)
        && is(&filter.workflow, &task.workflow)
        && is(&filter.run, &task.run)
        && filter.open.is_none_or(|open| open == task.open)
}

fn boxed_row((id, mail): (&i64, &Boxed)) -> BoxedRow {
    let mail = mail.clone();
    BoxedRow { id: *id, mail }
}

impl TaskReader for Memory {
    fn task(&mut self, id: &str) -> Result<Option<TaskRow>, Error> {
        Ok(self.lock().tables.desk.task(id).cloned())
    }

    fn task_of_link(&mut self, id: &[u8]) -> Result<Option<(LinkRow, TaskRow)>, Error> {
        let shared = self.lock();
        let desk = &shared.tables.desk;
        let link = desk.links.get(id);
        Ok(link.and_then(|link| Some((link.clone(), desk.task(&link.task)?.clone()))))
    }

    fn links(&mut self, task: &str) -> Result<Vec<LinkRow>, Error> {
        let (task, shared) = (clean(task), self.lock());
        let links = shared.tables.desk.links.values();
        let mut links: Vec<LinkRow> = links.filter(|link| link.task == task).cloned().collect();
        links.sort_by_key(|link| link.slot);
        Ok(links)
    }

    fn link_keys(&mut self) -> Result<Vec<(u8, i64)>, Error> {
        let shared = self.lock();
        let good = shared
            .tables
            .desk
            .links
            .values()
            .filter(|link| !link.revoked);
        let mut keys = BTreeMap::new();
        for link in good {
            let until = keys.entry(link.key).or_insert(link.expires_ms);
            *until = link.expires_ms.max(*until);
        }
        Ok(keys.into_iter().collect())
    }

    fn tasks_due(&mut self, now_ms: i64, limit: usize) -> Result<Vec<String>, Error> {
        let due = self.dues().into_iter();
        let due = due.take_while(|(due_ms, _)| *due_ms <= now_ms).take(limit);
        Ok(due.map(|(_, id)| id).collect())
    }

    fn next_task_due(&mut self) -> Result<Option<i64>, Error> {
        Ok(self.dues().first().map(|(due_ms, _)| *due_ms))
    }

    fn tasks(&mut self, filter: &TaskFilter) -> Result<Vec<TaskRow>, Error> {
        let shared = self.lock();
        let tasks = &shared.tables.desk.tasks;
        let end = match &filter.before {
            None => tasks.len(),
            Some((_, id)) => {
                let id = clean(id);
                let at = tasks.iter().position(|task| task.id == id);
                at.unwrap_or(0)
            }
        };
        let earlier = tasks.iter().take(end).rev();
        let wanted = earlier.filter(|task| is_wanted(filter, task));
        Ok(wanted.take(filter.limit).cloned().collect())
    }

    fn record(&mut self, task: &str) -> Result<Vec<RecordRow>, Error> {
        let (task, shared) = (clean(task), self.lock());
        let entries = shared.tables.desk.record.iter();
        let of_task = entries.filter(|((id, _), _)| *id == task);
        Ok(of_task.map(|(_, row)| row.clone()).collect())
    }

    fn mails_due(&mut self, now_ms: i64, limit: usize) -> Result<Vec<MailRow>, Error> {
        let mut due = self.waiting();
        due.retain(|row| row.mail.due_ms <= now_ms);
        due.truncate(limit);
        Ok(due)
    }

    fn next_mail_due(&mut self) -> Result<Option<i64>, Error> {
        Ok(self.waiting().first().map(|row| row.mail.due_ms))
    }

    fn mail(&mut self, id: i64) -> Result<Option<MailRow>, Error> {
        Ok(self.lock().tables.desk.mails.get(&id).cloned())
    }

    fn mail_of_key(&mut self, key: &str) -> Result<Option<MailRow>, Error> {
        let (key, shared) = (clean(key), self.lock());
        let mut mails = shared.tables.desk.mails.values();
        Ok(mails.find(|row| row.mail.key == key).cloned())
    }

    fn mails_of_task(&mut self, task: &str) -> Result<Vec<MailRow>, Error> {
        let (task, shared) = (clean(task), self.lock());
        let mails = shared.tables.desk.mails.values();
        let of_task = mails.filter(|row| row.mail.task.as_deref() == Some(task.as_ref()));
        Ok(of_task.cloned().collect())
    }

    fn boxed(&mut self, limit: usize) -> Result<Vec<BoxedRow>, Error> {
        let shared = self.lock();
        let newest = shared.tables.desk.boxed.iter().rev().take(limit);
        Ok(newest.map(boxed_row).collect())
    }

    fn boxed_mail(&mut self, id: i64) -> Result<Option<BoxedRow>, Error> {
        let shared = self.lock();
        let found = shared.tables.desk.boxed.get_key_value(&id);
        Ok(found.map(boxed_row))
    }

    fn answer(&mut self, scope: &str, key: &str) -> Result<Option<StoredAnswer>, Error> {
        let key = (clean(scope).into_owned(), clean(key).into_owned());
        Ok(self.lock().tables.desk.answers.get(&key).cloned())
    }

    fn task_counts(&mut self) -> Result<TaskCounts, Error> {
        let waiting = self.waiting();
        let shared = self.lock();
        let open = shared.tables.desk.tasks.iter().filter(|task| task.open);
        Ok(TaskCounts {
            open: count(open.count()),
            queued: count(waiting.len()),
            oldest_queued_ms: waiting.iter().map(|row| row.created_ms).min(),
        })
    }
}
