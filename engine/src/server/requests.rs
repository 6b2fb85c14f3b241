//! Answering a client: reads come from the ledger, changes go through it.
//!
//! Nothing is acknowledged before it is committed: a submit is answered when the run's birth is in
//! the ledger, a command when the turn that took it is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{broadcast, oneshot};
use usher_api::command::{Command, Outcome};
use usher_core::prepared::Prepared;
use usher_core::run::{Identity, Kind, Run};
use usher_ledger::{Outcome as Written, RunRow, Write};

use super::protocol::{Answer, LogFile, Request, RunRef, VERSION};
use crate::actors::engine::ObserveAll;
use crate::actors::messages::Submit;
use crate::actors::shell::{Changed, Shell};
use crate::ports::runtime::PodKey;

/// How many runs a list answers with.
const LIST_MAX: usize = 10_000;

/// What the socket offers.
pub struct Api {
    shell: Arc<Shell>,
    /// Names of runs that are being born.
    born: Mutex<BTreeSet<(String, String)>>,
    ending: tokio::sync::Notify,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

/// Whether an object's phase is an end.
pub(super) fn has_ended(object: &Value) -> bool {
    matches!(
        object["status"]["phase"].as_str(),
        Some("Succeeded" | "Failed" | "Error")
    )
}

fn failed(code: &str, message: impl Into<String>) -> Answer {
    Answer::Failed {
        code: code.to_owned(),
        message: message.into(),
    }
}

impl Api {
    /// An API over the actors of a shell.
    #[must_use]
    pub fn new(shell: Arc<Shell>) -> Api {
        Api {
            shell,
            born: Mutex::new(BTreeSet::new()),
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

    /// Answers one request of the account `by`.
    pub async fn answer(&self, request: Request, by: &str) -> Answer {
        match request {
            Request::Hello { .. } => Answer::Hello {
                version: VERSION,
                release: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
            },
            Request::Submit {
                object,
                hash,
                name,
                generate_name,
                namespace,
                rename,
            } => {
                let wish = Wish {
                    name,
                    generate_name,
                    namespace,
                    rename,
                };
                self.submit(*object, hash, wish, by).await
            }
            Request::Command { run, command } => self.command(&run, command, by).await,
            Request::Get { run } => match self.find(&run).await {
                Ok(uid) => self.object(&uid).await,
                Err(answer) => answer,
            },
            Request::List { namespace } => self.list(namespace).await,
            Request::Logs { run } => self.logs(&run).await,
            Request::Observe => self.observe().await,
            Request::Watch { .. } | Request::Shutdown => {
                failed("bad-request", "this verb is not answered here")
            }
        }
    }

    /// The uid of a run.
    ///
    /// # Errors
    /// The answer to give when there is none.
    pub async fn find(&self, run: &RunRef) -> Result<String, Answer> {
        let (namespace, name) = (run.namespace.clone(), run.name.clone());
        let found = self
            .shell
            .readers
            .ask(move |reader| {
                if name == "@latest" {
                    let newest = reader.list_runs(Some(&namespace), 1)?;
                    return Ok(newest.into_iter().next().map(|row| row.uid));
                }
                match reader.find_run(&namespace, &name)? {
                    Some(uid) => Ok(Some(uid)),
                    None => Ok(reader.run_row(&name)?.map(|row| row.uid)),
                }
            })
            .await
            .map_err(|error| failed("internal", error))?;
        found.ok_or_else(|| {
            let message = format!("workflow `{}` not found in {}", run.name, run.namespace);
            failed("not-found", message)
        })
    }

    async fn run(&self, uid: &str) -> Result<Run, Answer> {
        let (tell, told) = oneshot::channel();
        let shell = self.shell.clone();
        let uid = uid.to_owned();
        self.shell.readers.load(uid.clone(), move |loaded| {
            let read = match loaded {
                Ok(Some(loaded)) => Shell::decode(&shell.plans, loaded).map(Some),
                Ok(None) => Ok(None),
                Err(error) => Err(error.to_string()),
            };
            let _ = tell.send(read);
        });
        match told.await {
            Ok(Ok(Some(readable))) => {
                let mut run = readable.run;
                if let Some(reason) = readable.parked {
                    run.head.message = format!("parked: {reason}");
                }
                Ok(run)
            }
            Ok(Ok(None)) => Err(failed("not-found", format!("workflow {uid} is gone"))),
            Ok(Err(error)) => Err(failed("internal", error)),
            Err(_) => Err(failed("internal", "the engine is ending")),
        }
    }

    /// The object of a run by uid.
    pub async fn object(&self, uid: &str) -> Answer {
        match self.run(uid).await {
            Ok(run) => Answer::Object {
                waits: !run.is_busy() && !run.head.phase.is_done(),
                object: Box::new(usher_core::project::object(&run)),
            },
            Err(answer) => answer,
        }
    }

    async fn list(&self, namespace: Option<String>) -> Answer {
        let rows = self
            .shell
            .readers
            .ask(move |reader| {
                let rows = reader.list_runs(namespace.as_deref(), LIST_MAX)?;
                rows.into_iter()
                    .map(|row| {
                        let plan = reader.plan(&row.plan)?;
                        Ok((row, plan))
                    })
                    .collect::<Result<Vec<_>, usher_ledger::Error>>()
            })
            .await;
        match rows {
            Ok(rows) => {
                let objects = rows
                    .iter()
                    .filter_map(|(row, plan)| self.summary(row, plan))
                    .collect();
                Answer::Objects { objects }
            }
            Err(error) => failed("internal", error),
        }
    }

    /// A run's object without its nodes, from its row.
    fn summary(&self, row: &RunRow, plan: &Option<Vec<u8>>) -> Option<Value> {
        let plan = self.shell.plans.get(&row.plan, plan.as_ref()?).ok()?;
        let run = usher_core::run::decode(plan, &row.head, &[]).ok()?;
        let mut object = usher_core::project::object(&run);
        if let Some(status) = object["status"].as_object_mut() {
            status.remove("nodes");
            status.remove("progress");
            if let Some(reason) = &row.parked {
                status.insert("message".into(), json!(format!("parked: {reason}")));
            }
        }
        Some(object)
    }

    async fn command(&self, run: &RunRef, mut command: Command, by: &str) -> Answer {
        let uid = match self.find(run).await {
            Ok(uid) => uid,
            Err(answer) => return answer,
        };
        command.set_by(by);
        let body = match serde_json::to_vec(&command) {
            Ok(body) => body,
            Err(error) => return failed("bad-request", error.to_string()),
        };
        let (tell, told) = oneshot::channel();
        let write = Write::Command {
            run: uid.clone(),
            kind: command.verb().to_owned(),
            body,
            key: None,
        };
        let reply = Box::new(move |written| {
            let _ = tell.send(written);
        });
        self.shell.writer.submit(write, reply);
        let id = match told.await {
            Ok(Ok(Written::Inserted { id })) => id,
            Ok(Ok(other)) => return failed("internal", format!("not taken: {other:?}")),
            Ok(Err(error)) => return failed("internal", error.to_string()),
            Err(_) => return failed("internal", "the engine is ending"),
        };
        let (tell, told) = oneshot::channel();
        self.shell.writer.when_applied(
            id,
            Box::new(move |outcome| {
                let _ = tell.send(outcome);
            }),
        );
        self.shell.roster.nudge(&uid);
        match told.await {
            Ok(Ok(bytes)) => match serde_json::from_slice::<Outcome>(&bytes) {
                Ok(outcome) => Answer::Outcome { outcome },
                Err(error) => failed("internal", error.to_string()),
            },
            Ok(Err(error)) => failed("internal", error.to_string()),
            Err(_) => failed("internal", "the engine ended before the command was taken"),
        }
    }

    async fn submit(&self, object: Value, hash: String, wish: Wish, by: &str) -> Answer {
        let plan = match usher_core::admit::compile(&object) {
            Ok(plan) => Arc::new(Prepared::new(plan)),
            Err(faults) => {
                let all: Vec<_> = faults.iter().map(|fault| fault.message.clone()).collect();
                return failed("bad-request", all.join("; "));
            }
        };
        let bytes = match serde_json::to_vec(&object) {
            Ok(bytes) => bytes,
            Err(error) => return failed("bad-request", error.to_string()),
        };
        self.shell.plans.put(&hash, &plan);
        let (name, instead_of) = match self.name(&wish).await {
            Ok(names) => names,
            Err(answer) => return answer,
        };
        let identity = Identity {
            uid: uuid(),
            name: name.clone(),
            namespace: wish.namespace.clone(),
            created_ms: self.shell.clock.now_ms(),
            submitter: by.to_owned(),
        };
        let uid = identity.uid.clone();
        let (reply, told) = oneshot::channel();
        let run = Box::new(Run::new(plan, identity));
        let submit = Submit {
            run,
            plan_hash: hash,
            plan: bytes,
            reply,
        };
        let keeper = self.shell.roster.keeper_of(&uid);
        let sent = keeper.is_some_and(|keeper| keeper.try_send(submit).is_ok());
        let born = told.await;
        self.names().remove(&(wish.namespace.clone(), name.clone()));
        if !sent {
            return failed("busy", "the engine is busy; try again");
        }
        match born {
            Ok(Ok(())) => Answer::Submitted {
                uid,
                name,
                namespace: wish.namespace,
                instead_of,
            },
            Ok(Err(error)) => failed("internal", error),
            Err(_) => failed(
                "internal",
                "the engine ended before the run was in the ledger",
            ),
        }
    }

    fn names(&self) -> std::sync::MutexGuard<'_, BTreeSet<(String, String)>> {
        self.born.lock().unwrap_or_else(PoisonError::into_inner)
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
        if !self.names().insert(key.clone()) {
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
                self.names().remove(&key);
                Ok(false)
            }
            Err(error) => {
                self.names().remove(&key);
                Err(failed("internal", error))
            }
        }
    }

    async fn logs(&self, run: &RunRef) -> Answer {
        let uid = match self.find(run).await {
            Ok(uid) => uid,
            Err(answer) => return answer,
        };
        let run = match self.run(&uid).await {
            Ok(run) => run,
            Err(answer) => return answer,
        };
        let runs = self.shell.readers.runs();
        let files = (0..)
            .zip(&run.nodes)
            .filter(|(_, node)| node.kind == Kind::Pod && node.launch > 0)
            .map(|(ix, node)| {
                let key = PodKey {
                    run: uid.clone(),
                    node: ix,
                    launch: node.launch,
                };
                LogFile {
                    node_id: run.id_of(node),
                    display_name: run.display_name(node),
                    name: node.name.to_string(),
                    pod_name: run.pod_name_of(ix),
                    template: run
                        .template(ix)
                        .map_or_else(String::new, |t| t.name.clone()),
                    folder: runs.join(key.folder()),
                    ended: node.phase.is_done(),
                    started_ms: node.started_ms,
                }
            })
            .collect();
        Answer::Logs {
            files,
            ended: run.head.phase.is_done(),
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

/// A random UUID, version 4.
fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        bytes = now.map_or(0, |since| since.as_nanos()).to_be_bytes();
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_the_form() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert_ne!(id, uuid());
    }

    #[test]
    fn suffixes_are_five_safe_characters() {
        let suffix = random_suffix();
        assert_eq!(suffix.len(), 5);
        assert!(suffix.bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
