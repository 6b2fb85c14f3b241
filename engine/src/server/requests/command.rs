//! How a command goes into the ledger: alone, or with the end of the run's open requests.
//!
//! Whoever accepts a stop, a terminate or a delete closes the open requests in the same commit, so
//! that nobody decides what will not count any more (the turn that follows may come later, while
//! `spec.suspend` holds much later). A stop during the exit handler ends nothing: an approval there
//! goes on, and only a terminate ends it.

use tokio::sync::oneshot;
use usher_api::command::{Command, Outcome};
use usher_core::run::Head;
use usher_ledger::tasks::NewCommand;
use usher_ledger::{Outcome as Written, Reader, Write};

use super::{Api, unwritten};
use crate::actors::shell::Rings;
use crate::server::protocol::{Answer, RunRef};
use crate::server::read::failed;

impl Api {
    /// Puts a command into a run's inbox and waits for the answer of the turn that takes it.
    pub(super) async fn command(
        &self,
        run: &RunRef,
        mut command: Command,
        key: String,
        by: &str,
    ) -> Answer {
        if !command.is_for_people() {
            let message = format!("`{}` is not asked for by people", command.verb());
            return failed("bad-request", message);
        }
        let uid = match self.find(run).await {
            Ok(uid) => uid,
            Err(answer) => return answer,
        };
        if let Command::Retry { parameters, .. } = &command
            && !parameters.is_empty()
            && let Err(answer) = self.fits(&uid, parameters.clone()).await
        {
            return answer;
        }
        command.set_by(by);
        let id = match self.insert(&uid, &command, key).await {
            Ok(id) => id,
            Err(answer) => return answer,
        };
        let (tell, told) = oneshot::channel();
        self.shell.writer.when_applied(
            id,
            Box::new(move |outcome| {
                let _ = tell.send(outcome);
            }),
        );
        self.shell.roster.nudge(&uid);
        let answer = match told.await {
            Ok(Ok(bytes)) => match serde_json::from_slice::<Outcome>(&bytes) {
                Ok(outcome) => Answer::Outcome { outcome },
                Err(error) => failed("internal", error.to_string()),
            },
            Ok(Err(error)) => unwritten(&error),
            Err(_) => failed("ending", "the engine ended before the command was taken"),
        };
        let done = matches!(
            &answer,
            Answer::Outcome {
                outcome: Outcome::Done { .. }
            }
        );
        if done && !matches!(command, Command::Delete { .. }) {
            self.promise(&uid);
        }
        answer
    }

    /// Inserts a command; gives its id.
    async fn insert(&self, uid: &str, command: &Command, key: String) -> Result<i64, Answer> {
        let body = serde_json::to_vec(command);
        let row = NewCommand {
            run: uid.to_owned(),
            kind: command.verb().to_owned(),
            body: body.map_err(|error| failed("bad-request", error.to_string()))?,
            key: Some(key),
        };
        let is_in_exit = match command {
            Command::Stop { selector: None, .. } => {
                let uid = uid.to_owned();
                let read = self
                    .shell
                    .readers
                    .ask(move |reader| is_in_exit(reader, &uid));
                read.await.map_err(|error| failed("internal", error))?
            }
            _ => false,
        };
        let (write, closes) = write(command, row, is_in_exit);
        let (tell, told) = oneshot::channel();
        let reply = Box::new(move |written| {
            let _ = tell.send(written);
        });
        self.shell.writer.submit(write, reply);
        let id = match told.await {
            Ok(Ok(Written::Inserted { id })) => id,
            Ok(Ok(other)) => return Err(failed("internal", format!("not taken: {other:?}"))),
            Ok(Err(error)) => return Err(unwritten(&error)),
            Err(_) => return Err(failed("ending", "the engine is ending")),
        };
        if closes {
            self.shell.ring(Rings::TASKS);
        }
        Ok(id)
    }
}

/// The write of a command, and whether it closes requests.
pub(super) fn write(command: &Command, row: NewCommand, is_in_exit: bool) -> (Write, bool) {
    match reason(command, is_in_exit) {
        Some(reason) => {
            let reason = reason.to_owned();
            let write = Write::Halt {
                command: row,
                reason,
            };
            (write, true)
        }
        None => {
            let NewCommand {
                run,
                kind,
                body,
                key,
            } = row;
            let write = Write::Command {
                run,
                kind,
                body,
                key,
            };
            (write, false)
        }
    }
}

/// Why requests are closed; none: they are left alone. The words are those of a waiting node that
/// ends so.
fn reason(command: &Command, is_in_exit: bool) -> Option<&'static str> {
    match command {
        Command::Stop { selector: None, .. } if !is_in_exit => Some("Stopped with strategy 'Stop'"),
        Command::Terminate { .. } => Some("Stopped with strategy 'Terminate'"),
        Command::Delete { .. } => Some("the workflow was deleted"),
        Command::Stop { .. }
        | Command::Suspend { .. }
        | Command::Resume { .. }
        | Command::Set { .. }
        | Command::Retry { .. }
        | Command::Settle { .. }
        | Command::Mailed { .. } => None,
    }
}

/// Whether a run has come to its exit handler.
pub(super) fn is_in_exit(reader: &mut dyn Reader, uid: &str) -> Result<bool, usher_ledger::Error> {
    let row = reader.run_row(uid)?;
    let head = row.and_then(|row| serde_json::from_slice::<Head>(&row.head).ok());
    Ok(head.is_some_and(|head| head.exit_node.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// s66, s67, s69: what closes requests, and what leaves them alone.
    #[test]
    fn s66_what_closes_requests() {
        let by = || "ada".to_owned();
        let stop = |selector: Option<&str>| Command::Stop {
            by: by(),
            message: None,
            selector: selector.map(str::to_owned),
        };
        let all = [
            (stop(None), false, Some("Stopped with strategy 'Stop'")),
            (stop(None), true, None),
            (stop(Some("phase=Running")), false, None),
            (
                Command::Terminate { by: by() },
                true,
                Some("Stopped with strategy 'Terminate'"),
            ),
            (
                Command::Delete { by: by() },
                true,
                Some("the workflow was deleted"),
            ),
            (Command::Suspend { by: by() }, false, None),
        ];
        for (command, is_in_exit, expected) in all {
            assert_eq!(reason(&command, is_in_exit), expected, "{command:?}");
            let row = NewCommand {
                run: "r".to_owned(),
                kind: command.verb().to_owned(),
                body: Vec::new(),
                key: None,
            };
            let (write, closes) = write(&command, row, is_in_exit);
            assert_eq!(matches!(write, Write::Halt { .. }), closes);
            assert_eq!(closes, expected.is_some());
        }
    }
}
