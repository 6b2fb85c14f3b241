//! Retry: attempts of a template until one ends well or the strategy gives up (argo.md §7).

use usher_api::duration::parse_duration_ms;
use usher_expr::Text;

use super::begin::{self, Place};
use super::halt;
use crate::draft::Draft;
use crate::phase::{Phase, Signal};
use crate::plan::{Retry, RetryPolicy};
use crate::run::{NodeIx, Run};
use crate::scope::{self, NodeScope};

/// What follows an attempt that ended badly.
enum Verdict {
    /// The strategy gives up, with this message.
    End(String),
    /// Another attempt at this time, milliseconds UTC.
    Wait(i64, i64),
    /// Another attempt at once.
    Again,
    /// The strategy cannot be read.
    Broken(String),
}

/// Looks at a retry node whose last attempt may be over.
pub(super) fn advance(draft: &mut Draft, ix: NodeIx) {
    if draft.run.nodes[ix as usize].phase != Phase::Running {
        return;
    }
    let Some(last) = draft.run.index.kids[ix as usize].last().copied() else {
        attempt(draft, ix);
        return;
    };
    let child = &draft.run.nodes[last as usize];
    if !child.phase.is_done() {
        return;
    }
    let (phase, message) = (child.phase, child.message.clone());
    if !phase.is_bad() {
        take_outputs(draft, ix, last);
        draft.signal(ix, Signal::Succeed, "");
        return;
    }
    match verdict(&draft.run, ix, last) {
        Verdict::Again => attempt(draft, ix),
        Verdict::Wait(due_ms, wait_ms) if due_ms > draft.now_ms => {
            let message = format!("Backoff for {}", spelled(wait_ms));
            draft.signal(ix, Signal::BackOff, &message);
            draft.edit(ix, |node| node.wake_ms = Some(due_ms));
        }
        Verdict::Wait(..) => attempt(draft, ix),
        Verdict::End(own) => {
            take_outputs(draft, ix, last);
            let message = if own.is_empty() { message } else { own };
            end(draft, ix, phase, &message);
        }
        Verdict::Broken(message) => {
            draft.signal(ix, Signal::Err, &message);
        }
    }
}

/// A wait in the words that Argo shows it in: `1 minutes 30 seconds`.
fn spelled(wait_ms: i64) -> String {
    let total_s = wait_ms / 1_000;
    let parts = [
        (total_s / 86_400, "days"),
        (total_s / 3_600 % 24, "hours"),
        (total_s / 60 % 60, "minutes"),
        (total_s % 60, "seconds"),
    ];
    let begun = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let words = parts[begun..]
        .iter()
        .map(|(count, unit)| format!("{count} {unit}"));
    words.collect::<Vec<_>>().join(" ")
}

/// The wait between attempts is over.
pub(super) fn wait_over(draft: &mut Draft, ix: NodeIx) {
    if draft.signal(ix, Signal::Begin, "") {
        draft.edit(ix, |node| {
            node.wake_ms = None;
            node.message.clear();
        });
        attempt(draft, ix);
    }
}

/// A shutdown or the run's deadline meets a retry node that waits: it ends as its last attempt did.
pub(super) fn halted(draft: &mut Draft, ix: NodeIx) {
    let Some(last) = draft.run.index.kids[ix as usize].last().copied() else {
        return;
    };
    let phase = draft.run.nodes[last as usize].phase;
    take_outputs(draft, ix, last);
    let message = halt_message(&draft.run, ix).unwrap_or_default();
    end(draft, ix, phase, &message);
}

/// A retry node has the outputs of its last attempt.
fn take_outputs(draft: &mut Draft, ix: NodeIx, last: NodeIx) {
    let child = &draft.run.nodes[last as usize];
    let (exit_code, result) = (child.exit_code, child.result.clone());
    let outputs = child.outputs.clone();
    draft.edit(ix, |node| {
        (node.exit_code, node.result, node.outputs) = (exit_code, result, outputs);
    });
}

fn end(draft: &mut Draft, ix: NodeIx, phase: Phase, message: &str) {
    let signal = if phase == Phase::Error {
        Signal::Err
    } else {
        Signal::Fail
    };
    draft.signal(ix, signal, message);
}

fn attempt(draft: &mut Draft, ix: NodeIx) {
    let last = draft.run.index.kids[ix as usize].last();
    let last = last.and_then(|last| draft.run.node(*last));
    let slot = last.map_or(0, |last| last.slot.saturating_add(1));
    let node = &draft.run.nodes[ix as usize];
    let (Some(template), inputs) = (node.template, node.inputs.clone()) else {
        return;
    };
    let place = Place {
        parent: Some(ix),
        slot,
    };
    begin::body(draft, place, template, inputs);
}

/// Argo's order of questions: shutdown or deadline, maxDuration and backoff, policy, limit.
fn verdict(run: &Run, ix: NodeIx, last: NodeIx) -> Verdict {
    if let Some(message) = halt_message(run, ix) {
        return Verdict::End(message);
    }
    let Some(retry) = run
        .template(ix)
        .and_then(|template| template.retry.as_ref())
    else {
        return Verdict::Broken("the template has no retry strategy".to_owned());
    };
    match strategy(run, ix, last, retry) {
        Ok(verdict) => verdict,
        Err(message) => Verdict::Broken(message),
    }
}

/// Whether somebody within this attempt said no for good. A strategy of an outer template must not
/// have them asked again either.
fn said_no(run: &Run, attempt: NodeIx) -> bool {
    let asks = |template: &crate::plan::Template| template.approval().is_some();
    if !run.spec().templates.iter().any(asks) {
        return false;
    }
    let mut open = vec![attempt];
    while let Some(ix) = open.pop() {
        let node = &run.nodes[ix as usize];
        if node.is_final && node.task.is_some() && node.phase.is_bad() {
            return true;
        }
        open.extend(&run.index.kids[ix as usize]);
    }
    false
}

fn strategy(run: &Run, ix: NodeIx, last: NodeIx, retry: &Retry) -> Result<Verdict, String> {
    let kids = &run.index.kids[ix as usize];
    let child = &run.nodes[last as usize];
    // Whoever said no is not asked again, unless the author wrote so (approvals §4.2).
    let asks_again = run
        .template(last)
        .and_then(crate::plan::Template::approval)
        .is_none_or(|approval| approval.policy.retry_on_reject);
    if child.is_final || !asks_again || said_no(run, last) {
        return Ok(Verdict::End(String::new()));
    }
    let finished_ms = child.finished_ms.unwrap_or(run.head.clock_ms);
    let limit = number(run, ix, retry.limit.as_ref(), "limit")?;
    let mut wait_ms = 0;
    if let Some(backoff) = &retry.backoff {
        let within = give_up_ms(run, ix)?;
        if within.is_some_and(|end_ms| finished_ms > end_ms) {
            return Ok(Verdict::End("Max duration limit exceeded".to_owned()));
        }
        let base = begin::limit_ms(run, ix, Some(&backoff.duration), parse_duration_ms)?;
        let factor = number(run, ix, backoff.factor.as_ref(), "backoff.factor")?;
        let cap = begin::limit_ms(run, ix, backoff.cap.as_ref(), parse_duration_ms)?;
        wait_ms = grown(base.unwrap_or(0), factor, kids.len());
        wait_ms = cap.map_or(wait_ms, |cap| wait_ms.min(cap));
        if within.is_some_and(|end_ms| finished_ms.saturating_add(wait_ms) > end_ms) {
            return Ok(Verdict::End(
                "Backoff would exceed max duration limit".to_owned(),
            ));
        }
    }
    let tries = match retry.policy {
        RetryPolicy::Always => true,
        RetryPolicy::OnFailure => child.phase == Phase::Failed,
        RetryPolicy::OnError => child.phase == Phase::Error,
        RetryPolicy::OnTransientError => is_transient(&child.message),
    };
    if !tries {
        return Ok(Verdict::End(String::new()));
    }
    if limit.is_some_and(|limit| i64::try_from(kids.len()).unwrap_or(i64::MAX) > limit) {
        return Ok(Verdict::End("No more retries left".to_owned()));
    }
    // Argo waits only where there is a limit (argo.md §7, a quirk that recorded objects show).
    if limit.is_none() || wait_ms <= 0 {
        return Ok(Verdict::Again);
    }
    Ok(Verdict::Wait(finished_ms.saturating_add(wait_ms), wait_ms))
}

/// `duration × factor^(attempts − 1)`, within 64 bits.
fn grown(base_ms: i64, factor: Option<i64>, attempts: usize) -> i64 {
    let factor = factor.filter(|factor| *factor > 0).unwrap_or(1);
    let mut wait_ms = base_ms;
    for _ in 1..attempts {
        if factor == 1 || wait_ms == i64::MAX {
            break;
        }
        wait_ms = wait_ms.saturating_mul(factor);
    }
    wait_ms
}

/// When `maxDuration` is over, counted from the first attempt's start, milliseconds UTC.
pub(super) fn give_up_ms(run: &Run, ix: NodeIx) -> Result<Option<i64>, String> {
    let Some(retry) = run
        .template(ix)
        .and_then(|template| template.retry.as_ref())
    else {
        return Ok(None);
    };
    let Some(backoff) = &retry.backoff else {
        return Ok(None);
    };
    let max = begin::limit_ms(run, ix, backoff.max_duration.as_ref(), parse_duration_ms)?;
    let first = run.index.kids[ix as usize].first();
    Ok(max
        .zip(first)
        .map(|(max_ms, first)| run.nodes[*first as usize].started_ms.saturating_add(max_ms)))
}

fn number(run: &Run, ix: NodeIx, text: Option<&Text>, what: &str) -> Result<Option<i64>, String> {
    let Some(text) = text else { return Ok(None) };
    let value = text
        .render(&NodeScope::inside(run, ix), &scope::limits())
        .map_err(|error| scope::render_message(&error))?;
    let number = value.trim().parse::<i64>();
    number
        .map(Some)
        .map_err(|_| format!("retryStrategy.{what} is not a number: '{value}'"))
}

fn halt_message(run: &Run, ix: NodeIx) -> Option<String> {
    let in_exit = run.index.in_exit[ix as usize];
    let cause = halt::cause(run, in_exit)?;
    if let Some(shutdown) = run.head.shutdown {
        return Some(format!("Stopped with strategy '{}'", shutdown.word()));
    }
    let deadline_s = run.spec().deadline_s.unwrap_or(0);
    let due_ms = run
        .head
        .started_ms
        .unwrap_or(0)
        .saturating_add(deadline_s.saturating_mul(1000));
    let due = crate::project::time(due_ms);
    (cause == crate::run::Cause::RunDeadline)
        .then(|| format!("retry exceeded workflow deadline {due}"))
}

/// Argo's built-in list of errors that may go away by themselves.
fn is_transient(message: &str) -> bool {
    const WORDS: [&str; 11] = [
        "connection refused",
        "connection reset by peer",
        "transport is closing",
        "i/o timeout",
        "TLS handshake timeout",
        "unexpected EOF",
        "net/http: request canceled",
        "too many requests",
        "etcdserver: leader changed",
        "exceeded quota",
        "the server is currently unable to handle the request",
    ];
    WORDS.iter().any(|word| message.contains(word))
}
