//! Mail that a workflow writes: mail steps, and notices about a run's end.
//!
//! A mail step is done when its mails are rows of the decision's commit, for from then on they are
//! sent whatever happens; with `wait: sent` it is done when each of them has left.

use usher_api::command::Outcome;
use usher_expr::{Lookup, Scope, Text};

use super::begin;
use super::command::{done, joined, refused};
use super::halt;
use crate::address;
use crate::asks::Letter;
use crate::draft::{Birth, Draft};
use crate::effect::Note;
use crate::phase::{Phase, Signal};
use crate::plan::{Mail, Template};
use crate::project;
use crate::run::{Kind, NodeIx, Run};
use crate::scope::{self, NodeScope};

/// Failed steps that a notice lists at most.
const FAILURES_MAX: usize = 20;

/// The longest message of a step in a notice, characters.
const MESSAGE_MAX: usize = 500;

/// Makes the node of a mail step.
pub(super) fn begin(draft: &mut Draft, birth: Birth, template: &Template, mail: &Mail) -> NodeIx {
    let in_exit = begin::in_exit(&draft.run, birth.parent, birth.slot);
    if let Some(cause) = halt::cause(&draft.run, in_exit) {
        return draft.make(birth, Signal::Fail, cause.message());
    }
    let first = match mail.waits {
        true => Signal::Suspend,
        false => Signal::Begin,
    };
    let ix = draft.make(birth, first, "");
    let letter = match letter(&draft.run, ix, mail) {
        Ok(letter) => letter,
        Err((signal, message)) => {
            draft.signal(ix, signal, &message);
            return ix;
        }
    };
    if mail.waits {
        if let Err(message) = begin::set_limits(draft, ix, template, None) {
            draft.signal(ix, Signal::Err, &message);
            return ix;
        }
        let count = u32::try_from(letter.to.len() + letter.cc.len()).unwrap_or(u32::MAX);
        draft.edit(ix, |node| node.unsent = count);
    } else {
        draft.signal(ix, Signal::Succeed, "");
    }
    draft.asks.letters.push(letter);
    ix
}

/// Values as text of an HTML part: the author writes the elements, a value never does (S16).
struct AsText<'a>(&'a dyn Scope);

impl Scope for AsText<'_> {
    fn look_up(&self, name: &str) -> Lookup<'_> {
        let value = match self.0.look_up(name) {
            Lookup::Value(value) => value,
            other => return other,
        };
        let mut text = String::with_capacity(value.len());
        for sign in value.chars() {
            match sign {
                '&' => text.push_str("&amp;"),
                '<' => text.push_str("&lt;"),
                '>' => text.push_str("&gt;"),
                '"' => text.push_str("&quot;"),
                '\'' => text.push_str("&#39;"),
                _ => text.push(sign),
            }
        }
        Lookup::Value(text.into())
    }
}

/// The mail with all values put in. A tag without a value is an error; a value that is no address
/// is a failure, which a retry strategy may try again.
fn letter(run: &Run, ix: NodeIx, mail: &Mail) -> Result<Letter, (Signal, String)> {
    let scope = NodeScope::inside(run, ix);
    let put_by = |text: &Text, scope: &dyn Scope| {
        text.render(scope, &scope::limits())
            .map_err(|error| (Signal::Err, scope::render_message(&error)))
    };
    let put = |text: &Text| put_by(text, &scope);
    let put_html = |text: &Text| put_by(text, &AsText(&scope));
    let list = |texts: &[Text]| {
        let mut all: Vec<String> = Vec::new();
        for text in texts {
            let found = address::list(&put(text)?).map_err(|why| (Signal::Fail, why))?;
            for one in found {
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        Ok::<_, (Signal, String)>(all)
    };
    let to = list(&mail.to)?;
    let mut cc = list(&mail.cc)?;
    cc.retain(|one| !to.contains(one));
    Ok(Letter {
        node: Some(ix),
        round: run.head.retries,
        to,
        cc,
        subject: put(&mail.subject)?.replace(['\n', '\r'], " "),
        text: put(&mail.text)?,
        html: mail.html.as_ref().map(put_html).transpose()?,
        waits: mail.waits,
    })
}

/// One mail of a waiting step has left, or never will. The last one ends the node. A mail of before
/// a retry is not waited for any more.
pub(super) fn mailed(draft: &mut Draft, ix: NodeIx, round: u32, error: Option<&str>) -> Outcome {
    let is_now = round == draft.run.head.retries;
    let waits = |node: &crate::run::Node| {
        is_now && node.kind == Kind::Mail && node.phase == Phase::Suspended && node.unsent > 0
    };
    if !draft.run.node(ix).is_some_and(waits) {
        return refused("not-waiting", format!("node {ix} waits for no mail"));
    }
    draft.edit(ix, |node| {
        node.unsent -= 1;
        node.message = joined(&node.message, error.unwrap_or_default());
    });
    let node = &draft.run.nodes[ix as usize];
    let (unsent, message, name) = (node.unsent, node.message.clone(), node.name.clone());
    if unsent == 0 {
        let signal = match message.is_empty() {
            true => Signal::Succeed,
            false => Signal::Fail,
        };
        draft.signal(ix, signal, &message);
    }
    done(format!("{name}: {unsent} mails to go"))
}

/// The run has ended: tells those whom `usher.flow/notify` names.
pub(super) fn tell_end(draft: &mut Draft) {
    let plan = draft.run.plan.clone();
    let phase = draft.run.head.phase;
    let mut told: Vec<String> = Vec::new();
    for notice in plan
        .plan
        .notices
        .iter()
        .filter(|notice| notice.on.is_told(phase))
    {
        for text in &notice.to {
            let found = text
                .render(&NodeScope::outside(&draft.run), &scope::limits())
                .map_err(|error| scope::render_message(&error))
                .and_then(|value| address::list(&value));
            match found {
                Ok(found) => told.extend(found),
                Err(why) => draft.note(Note::Untold(why)),
            }
        }
    }
    // Whom two parts name gets one mail.
    let mut to: Vec<String> = Vec::new();
    for address in told {
        if !to.contains(&address) {
            to.push(address);
        }
    }
    if to.is_empty() {
        return;
    }
    let identity = &draft.run.head.identity;
    let subject = format!("{} {}", identity.name, phase.word());
    let text = summary(&draft.run);
    // One mail each, so that no one sees who else is told.
    for address in to {
        draft.asks.letters.push(Letter {
            node: None,
            round: draft.run.head.retries,
            to: vec![address],
            cc: Vec::new(),
            subject: subject.clone(),
            text: text.clone(),
            html: None,
            waits: false,
        });
    }
}

/// A run's end in a few lines.
fn summary(run: &Run) -> String {
    let (head, identity) = (&run.head, &run.head.identity);
    let started_ms = head.started_ms.unwrap_or(identity.created_ms);
    let finished_ms = head.finished_ms.unwrap_or(head.clock_ms);
    let spent = usher_api::duration::format_duration(finished_ms.saturating_sub(started_ms));
    let mut text = format!(
        "Workflow: {}/{}\nStatus: {}\nStarted: {}\nFinished: {}\nDuration: {spent}\n",
        identity.namespace,
        identity.name,
        head.phase.word(),
        project::time(started_ms),
        project::time(finished_ms),
    );
    if !head.message.is_empty() {
        text.push_str(&format!("Message: {}\n", cut(&head.message)));
    }
    let failed = || {
        run.nodes
            .iter()
            .filter(|node| node.phase.is_bad() && !node.is_group())
    };
    if failed().next().is_some() {
        text.push_str("\nFailed steps:\n");
    }
    for node in failed().take(FAILURES_MAX) {
        let word = project::phase_word(node.phase);
        let message = cut(&node.message);
        text.push_str(&format!("- {} ({word}): {message}\n", node.name));
    }
    let more = failed().count().saturating_sub(FAILURES_MAX);
    if more > 0 {
        text.push_str(&format!("- and {more} more\n"));
    }
    text
}

fn cut(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    if line.chars().count() <= MESSAGE_MAX {
        return line;
    }
    let mut short: String = line.chars().take(MESSAGE_MAX).collect();
    short.push('…');
    short
}
