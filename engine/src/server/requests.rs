//! Answering a client: reads come from the ledger, changes go through it.
//!
//! Nothing is acknowledged before it is committed: a submit is answered when the run's birth is in
//! the ledger, a command when the turn that took it is.

mod command;
mod resubmit;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::{broadcast, oneshot};
use usher_core::run::{Identity, Run};

use super::approvals;
use super::protocol::{Answer, Request, RunRef, VERSION};
use super::read::{self, Shelf, failed};
use crate::actors::engine::ObserveAll;
use crate::actors::messages::Submit;
use crate::actors::shell::{Changed, Shell};
use crate::notifier::Notifier;
use crate::policies;

/// What the socket offers.
pub struct Api {
    shell: Arc<Shell>,
    pub(super) notifier: Arc<Notifier>,
    /// Names of runs that are being born.
    born: Mutex<BTreeSet<(String, String)>>,
    /// Uids of runs that somebody who has gone wants to go on.
    promised: Mutex<BTreeSet<String>>,
    keeps_promises: bool,
    clients: AtomicUsize,
    ending: tokio::sync::Notify,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

/// One client, counted.
#[derive(Debug)]
pub(super) struct Counted(Arc<Api>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(set: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shelf(shell: &Shell) -> Shelf<'_> {
    Shelf {
        plans: &shell.plans,
        runs: shell.readers.runs(),
    }
}

/// The ledger did not take something; whoever asked may ask the next engine.
fn unwritten(error: &usher_ledger::Error) -> Answer {
    match error {
        usher_ledger::Error::Closed => failed("ending", "the engine is ending"),
        usher_ledger::Error::Gone { .. } => failed("not-found", "the workflow is gone"),
        error => failed("internal", error.chain()),
    }
}

/// An answer as the bytes of its line.
pub(super) fn line(answer: &Answer) -> Vec<u8> {
    let mut line = serde_json::to_vec(answer).unwrap_or_default();
    line.push(b'\n');
    line
}

impl Api {
    /// An API over the actors of a shell. `keeps_promises`: it remembers what others asked for, so
    /// that an engine which ends with its own run can hand it on.
    #[must_use]
    pub fn new(shell: Arc<Shell>, keeps_promises: bool, notifier: Arc<Notifier>) -> Api {
        Api {
            shell,
            notifier,
            keeps_promises,
            born: Mutex::new(BTreeSet::new()),
            promised: Mutex::new(BTreeSet::new()),
            clients: AtomicUsize::new(0),
            ending: tokio::sync::Notify::new(),
        }
    }

    /// News of committed turns.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Changed> {
        self.shell.changes.subscribe()
    }

    /// Asks the process to end.
    pub fn shut_down(&self) {
        self.ending.notify_one();
    }

    /// Waits until somebody asks the process to end.
    pub async fn ended(&self) {
        self.ending.notified().await;
    }

    /// How many clients are connected.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// Counts a client while the guard lives.
    pub(super) fn count_client(self: &Arc<Api>) -> Counted {
        self.clients.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    /// Runs that are to go on though whoever asked for it has gone.
    #[must_use]
    pub fn promised(&self) -> Vec<String> {
        lock(&self.promised).iter().cloned().collect()
    }

    fn promise(&self, uid: &str) {
        if self.keeps_promises {
            lock(&self.promised).insert(uid.to_owned());
        }
    }

    /// Answers one request of the account `by`, as the bytes of a line.
    pub async fn answer(&self, request: Request, by: &str) -> Vec<u8> {
        let answer = match request {
            Request::Hello { .. } => Answer::Hello {
                version: VERSION,
                release: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
            },
            Request::Submit { .. } => self.submit(request, by).await,
            Request::Resubmit(wanted) => self.resubmit(wanted, by).await,
            Request::Command { run, command, key } => self.command(&run, command, key, by).await,
            Request::Get { .. } | Request::List { .. } | Request::Logs { .. } => {
                return self.read(request).await;
            }
            Request::Approvals { ask } => approvals::answer(&self.notifier, ask, by).await,
            Request::Observe => self.observe().await,
            Request::Watch { .. } | Request::Await { .. } | Request::Shutdown => {
                failed("bad-request", "this verb is not answered here")
            }
        };
        line(&answer)
    }

    /// Reads, projects and encodes on a reading thread.
    pub(super) async fn read(&self, request: Request) -> Vec<u8> {
        let shell = self.shell.clone();
        let read = self.shell.readers.ask(move |reader| {
            let no = || failed("bad-request", "this verb does not read");
            let answer = read::answer(reader, shelf(&shell), &request).unwrap_or_else(no);
            Ok(line(&answer))
        });
        match read.await {
            Ok(line) => line,
            Err(error) => line(&failed("internal", error)),
        }
    }

    /// The uid of a run.
    ///
    /// # Errors
    /// The answer to give when there is none.
    pub async fn find(&self, run: &RunRef) -> Result<String, Answer> {
        let run = run.clone();
        let found = self
            .shell
            .readers
            .ask(move |reader| Ok(read::find(reader, &run)));
        found
            .await
            .unwrap_or_else(|error| Err(failed("internal", error)))
    }

    /// The answer to [`Request::Await`] if the run has ended.
    pub(super) async fn end_of(&self, uid: String) -> Result<Option<Answer>, Answer> {
        let shell = self.shell.clone();
        let found = self
            .shell
            .readers
            .ask(move |reader| Ok(read::ended(reader, shelf(&shell), &uid)));
        found
            .await
            .unwrap_or_else(|error| Err(failed("internal", error)))
    }

    async fn submit(&self, request: Request, by: &str) -> Answer {
        let Request::Submit {
            uid,
            detached,
            object,
            name,
            generate_name,
            namespace,
            rename,
        } = request
        else {
            return failed("bad-request", "no submit");
        };
        if !is_uuid(&uid) {
            return failed("bad-request", format!("`{uid}` is no UUID"));
        }
        let wish = Wish {
            name,
            generate_name,
            namespace,
            rename,
        };
        if detached {
            self.promise(&uid);
        }
        match self.submitted_before(&uid).await {
            Ok(Some(answer)) | Err(answer) => answer,
            Ok(None) => {
                let author = Author::of(uid, by);
                let born = self.bear(*object, wish, author).await;
                born.unwrap_or_else(|answer| answer)
            }
        }
    }

    /// The answer of an earlier submit of this uid, whose asker did not hear it.
    async fn submitted_before(&self, uid: &str) -> Result<Option<Answer>, Answer> {
        let uid = uid.to_owned();
        let row = self.shell.readers.ask(move |reader| reader.run_row(&uid));
        let row = row.await.map_err(|error| failed("internal", error))?;
        Ok(row.map(|row| Answer::Submitted {
            uid: row.uid,
            name: row.name,
            namespace: row.namespace,
            instead_of: None,
        }))
    }

    async fn bear(&self, object: Value, wish: Wish, author: Author) -> Result<Answer, Answer> {
        let Author { uid, by, others } = author;
        // Made here, not taken from the client: runs of one hash share one plan.
        let hash = usher_core::admit::content_hash(&object);
        let plan = self
            .shell
            .plans
            .of_object(&hash, &object)
            .map_err(|faults| {
                let all: Vec<_> = faults.iter().map(|fault| fault.message.clone()).collect();
                failed("bad-request", all.join("; "))
            })?;
        let faults = policies::faults(&plan.plan, self.notifier.config());
        if !faults.is_empty() {
            return Err(failed("bad-request", faults.join("; ")));
        }
        let bytes = serde_json::to_vec(&object);
        let bytes = bytes.map_err(|error| failed("bad-request", error.to_string()))?;
        let (name, instead_of) = self.name(&wish).await?;
        let identity = Identity {
            uid: uid.clone(),
            name: name.clone(),
            namespace: wish.namespace.clone(),
            created_ms: self.shell.clock.now_ms(),
            submitter: by,
        };
        let mut run = Run::new(plan, identity);
        for other in others {
            run.add_submitter(&other);
        }
        let (reply, told) = oneshot::channel();
        let submit = Submit {
            run: Box::new(run),
            plan_hash: hash,
            plan: bytes,
            reply,
        };
        let told = match self.shell.roster.keeper_of(&uid) {
            // Waits while the mailbox is full.
            Some(keeper) => match keeper.send(submit).await {
                Ok(()) => told.await,
                Err(error) => Ok(Err(error.to_string())),
            },
            None => Ok(Err("the engine is not open yet".to_owned())),
        };
        lock(&self.born).remove(&(wish.namespace.clone(), name.clone()));
        match told {
            Ok(Ok(())) => Ok(Answer::Submitted {
                uid,
                name,
                namespace: wish.namespace,
                instead_of,
            }),
            Ok(Err(error)) => Err(failed("internal", error)),
            Err(_) => Err(failed(
                "ending",
                "the engine ended before the run was in the ledger",
            )),
        }
    }

    /// A free name as wished; the second is the wished one when it was taken.
    async fn name(&self, wish: &Wish) -> Result<(String, Option<String>), Answer> {
        let mut base = match (&wish.name, &wish.generate_name) {
            (Some(name), _) => {
                if self.reserve(&wish.namespace, name).await? {
                    return Ok((name.clone(), None));
                }
                if !wish.rename {
                    let message = format!("workflows.argoproj.io \"{name}\" already exists");
                    return Err(failed("exists", message));
                }
                format!("{name}-")
            }
            (None, Some(prefix)) => prefix.clone(),
            (None, None) => "workflow-".to_owned(),
        };
        // Room for five characters below the limit of 63 (argo.md §0).
        while base.len() > 58 {
            base.pop();
        }
        for _ in 0..64 {
            let name = format!("{base}{}", random_suffix());
            if self.reserve(&wish.namespace, &name).await? {
                return Ok((name, wish.name.clone()));
            }
        }
        Err(failed(
            "exists",
            format!("no free name that begins with {base}"),
        ))
    }

    async fn reserve(&self, namespace: &str, name: &str) -> Result<bool, Answer> {
        let key = (namespace.to_owned(), name.to_owned());
        if !lock(&self.born).insert(key.clone()) {
            return Ok(false);
        }
        let (space, wanted) = key.clone();
        let found = self
            .shell
            .readers
            .ask(move |reader| reader.find_run(&space, &wanted))
            .await;
        match found {
            Ok(None) => Ok(true),
            Ok(Some(_)) => {
                lock(&self.born).remove(&key);
                Ok(false)
            }
            Err(error) => {
                lock(&self.born).remove(&key);
                Err(failed("internal", error))
            }
        }
    }

    async fn observe(&self) -> Answer {
        let Some(engine) = self.shell.roster.engine() else {
            return failed("busy", "the engine is being made anew; try again");
        };
        match engine.send(ObserveAll).await {
            Ok(reports) => {
                let as_json = |report| serde_json::to_value(report).unwrap_or_default();
                Answer::Reports {
                    reports: reports.into_iter().map(as_json).collect(),
                }
            }
            Err(error) => failed("internal", error.to_string()),
        }
    }
}

/// Who has a run carried out, and its uid.
#[derive(Debug)]
struct Author {
    uid: String,
    by: String,
    /// Who submitted the run that it repeats, and who retried that one.
    others: Vec<String>,
}

impl Author {
    fn of(uid: String, by: &str) -> Author {
        let (by, others) = (by.to_owned(), Vec::new());
        Author { uid, by, others }
    }
}

/// How a run is to be called.
#[derive(Debug)]
struct Wish {
    name: Option<String>,
    generate_name: Option<String>,
    namespace: String,
    rename: bool,
}

/// Kubernetes' alphabet for made names: no vowels, nothing that looks like another.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

fn random_suffix() -> String {
    let mut bytes = [0_u8; 5];
    // Without chance the name is taken at the second try, and that is told.
    let _ = getrandom::fill(&mut bytes);
    bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| {
            if hyphens.contains(&at) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A uid becomes the name of a folder: nothing but a UUID is taken.
    #[test]
    fn uids_are_uuids() {
        assert!(is_uuid("5f0e3b1c-9a4d-4c6e-8f21-0a1b2c3d4e5f"));
        for text in [
            "",
            "../../etc/passwd",
            "5f0e3b1c-9a4d-4c6e-8f21-0a1b2c3d4e5",
        ] {
            assert!(!is_uuid(text), "{text}");
        }
    }

    #[test]
    fn suffixes_are_five_safe_characters() {
        let suffix = random_suffix();
        assert_eq!(suffix.len(), 5);
        assert!(suffix.bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
