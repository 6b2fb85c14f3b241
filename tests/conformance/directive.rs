//! `# do: WAIT... VERB ARGUMENTS`: what somebody does while a case runs.

use usher_api::approval::VerdictPhase;
use usher_api::command::Command;
use usher_api::duration::parse_go_duration_ms;

/// What an action waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// So many milliseconds after what came before.
    After(i64),
    /// Until a node, by display name, is in a phase, by Argo's word.
    When(String, String),
    /// Until the run has ended.
    Ended,
}

/// An action: its waits in order, then a verb of the command line with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) waits: Vec<Wait>,
    pub(crate) verb: String,
    pub(crate) arguments: Vec<String>,
}

impl Action {
    /// Reads the value of a `do` directive.
    pub(crate) fn parse(text: &str) -> Action {
        let mut words = words(text).into_iter();
        let mut waits = Vec::new();
        loop {
            let word = words.next().expect("an action has a verb");
            match word.as_str() {
                "after" => {
                    let time = words.next().expect("a duration");
                    waits.push(Wait::After(
                        parse_go_duration_ms(&time).expect("a duration"),
                    ));
                }
                "when" => {
                    let node = words.next().expect("a node");
                    if node == "ended" {
                        waits.push(Wait::Ended);
                    } else {
                        waits.push(Wait::When(node, words.next().expect("a phase")));
                    }
                }
                _ => {
                    return Action {
                        waits,
                        verb: word,
                        arguments: words.collect(),
                    };
                }
            }
        }
    }

    /// The command, or the name of the feature that is not supported yet.
    pub(crate) fn command(&self) -> Result<Command, String> {
        let by = "conformance".to_owned();
        let selector = self.option("--node-field-selector");
        match self.verb.as_str() {
            "stop" => Ok(Command::Stop {
                by,
                message: self.option("--message"),
                selector,
            }),
            "terminate" => Ok(Command::Terminate { by }),
            "suspend" => Ok(Command::Suspend { by }),
            "resume" => Ok(Command::Resume { by, selector }),
            "node" => self.set(by, selector),
            "retry" => Ok(Command::Retry {
                by,
                restart_successful: self.arguments.iter().any(|w| w == "--restart-successful"),
                selector,
                parameters: self.parameter().into_iter().collect(),
            }),
            verb => Err(format!("verb {verb}")),
        }
    }

    /// `node set`.
    fn set(&self, by: String, selector: Option<String>) -> Result<Command, String> {
        let phase = match self.option("--phase").as_deref() {
            None => None,
            Some("Succeeded") => Some(VerdictPhase::Succeeded),
            Some("Failed") => Some(VerdictPhase::Failed),
            Some("Error") => Some(VerdictPhase::Error),
            Some(other) => return Err(format!("verb node set --phase {other}")),
        };
        Ok(Command::Set {
            by,
            selector: selector.unwrap_or_default(),
            phase,
            message: self.option("--message"),
            outputs: self.parameter().into_iter().collect(),
        })
    }

    /// `-p NAME=VALUE`.
    fn parameter(&self) -> Option<(String, String)> {
        let text = self.option("-p")?;
        let (name, value) = text.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    }

    fn option(&self, name: &str) -> Option<String> {
        let at = self.arguments.iter().position(|word| word == name)?;
        self.arguments.get(at + 1).cloned()
    }
}

/// Words as a shell splits them, with double quotes.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for letter in line.chars() {
        match letter {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_read() {
        let text = "when a Running after 1s node set --message \"not today\" --phase Failed";
        assert_eq!(
            Action::parse(text),
            Action {
                waits: vec![Wait::When("a".into(), "Running".into()), Wait::After(1_000)],
                verb: "node".into(),
                arguments: ["set", "--message", "not today", "--phase", "Failed"]
                    .map(str::to_owned)
                    .to_vec(),
            }
        );
    }

    #[test]
    fn verbs_become_commands() {
        let resume = Action::parse("when ended resume --node-field-selector displayName=x");
        let by = "conformance".to_owned();
        let selector = Some("displayName=x".to_owned());
        assert_eq!(resume.command(), Ok(Command::Resume { by, selector }));
        assert_eq!(
            Action::parse("reboot").command(),
            Err("verb reboot".to_owned())
        );
    }
}
