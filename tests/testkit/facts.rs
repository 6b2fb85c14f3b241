//! What the ledger says of a request and its run: everything that must agree with its one outcome.

use serde_json::Value;

use crate::Rows;

/// The facts of one request and its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The request's state.
    pub state: String,
    /// Votes that are kept: slot and direction.
    pub votes: Vec<(usize, bool)>,
    /// The actions of its record, in order.
    pub record: Vec<String>,
    /// Outcomes that the run was given, and how many of them it has taken.
    pub outcomes: (i64, i64),
    /// Links that still serve.
    pub links: i64,
    /// Kinds of mails that tell of an end, in order.
    pub mails: Vec<String>,
    /// The run's phase.
    pub phase: String,
}

impl Facts {
    /// The facts of the request of a run that has asked once.
    ///
    /// Panics if it has not.
    pub fn of(rows: &Rows, run: &str) -> Facts {
        let query = "SELECT t.id, t.uid, t.state, t.body, r.id, r.phase
            FROM tasks t JOIN runs r ON r.uid = t.run WHERE t.workflow = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            let head: (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let tail: (Vec<u8>, i64, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
            Ok((head, tail))
        };
        let mut found = rows.all(query, [run], read);
        assert_eq!(found.len(), 1, "requests of {run}");
        let ((task, uid, state), (body, number, phase)) = found.remove(0);
        let body: Value = serde_json::from_slice(&body).expect("a task");
        let entries = rows.all(
            "SELECT entry FROM record WHERE task = ?1 ORDER BY seq",
            [task],
            |row| row.get::<_, Vec<u8>>(0),
        );
        let action = |entry: Vec<u8>| {
            let entry: Value = serde_json::from_slice(&entry).expect("an entry");
            entry["action"].as_str().unwrap_or_default().to_owned()
        };
        let settles = "SELECT count(*) FROM inbox WHERE run = ?1 AND kind = 'settle'";
        let taken = format!("{settles} AND applied_at IS NOT NULL");
        let mails = "SELECT kind FROM outbox WHERE task = ?1 AND kind <> 'request' ORDER BY kind";
        Facts {
            state,
            votes: votes(&body),
            record: entries.into_iter().map(action).collect(),
            outcomes: (
                rows.number(settles, [number]),
                rows.number(&taken, [number]),
            ),
            links: rows.number(
                "SELECT count(*) FROM links WHERE task = ?1 AND revoked = 0",
                [task],
            ),
            mails: rows.all(mails, [uid], |row| row.get(0)),
            phase,
        }
    }
}

fn votes(body: &Value) -> Vec<(usize, bool)> {
    let slots = body["slots"].as_array().expect("slots").iter().enumerate();
    let votes = slots.flat_map(|(slot, found)| {
        let votes = found["votes"].as_array().cloned().unwrap_or_default();
        let approves = move |vote: Value| (slot, vote["approves"] == true);
        votes.into_iter().map(approves)
    });
    votes.collect()
}
