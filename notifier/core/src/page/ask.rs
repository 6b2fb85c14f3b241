//! The request with its form, and the page that asks once more.

use askama::Template;

use super::field::{self, FaultView, FieldView, Input};
use super::view::{Head, Hidden, Row, finish, hidden, said};
use super::{FIELD, RequestPage};
use crate::clean;
use crate::markdown::{self, Html};
use crate::task::{SlotState, Task};
use crate::texts::Voice;
use crate::texts::shape::Form;
use crate::texts::story::{self, Tally};

#[derive(Template)]
#[template(path = "request.html")]
struct Request<'a> {
    head: Head<'a>,
    form: &'static Form,
    colon: &'static str,
    yes: &'static str,
    no: &'static str,
    token: &'a str,
    title: String,
    notice: Option<String>,
    faults: Vec<FaultView>,
    who: Vec<Row>,
    silence: Option<&'static str>,
    facts: Vec<Row>,
    description: Option<Html>,
    tally: Option<String>,
    hidden: Hidden,
    decision_fault: Option<String>,
    approves: Option<bool>,
    approve: String,
    reject: String,
    signed: Vec<Row>,
    fields: Vec<FieldView>,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    head: Head<'a>,
    form: &'static Form,
    token: &'a str,
    rows: Vec<Row>,
    hidden: Hidden,
    button: &'static str,
}

/// The request with its form.
pub(super) fn request(page: &RequestPage<'_>) -> String {
    let voice = page.frame.voice;
    let texts = voice.texts();
    let task = page.task;
    let policy = &task.asked.policy;
    let title = story::title(task);
    let is_signed = is_signed(task, page.slot);
    let fields = field::fields(page, is_signed);
    let faults = field::faults(page, &fields);
    let head_title = match faults.is_empty() {
        true => title.clone(),
        false => format!("{}{}{title}", texts.form.fault, texts.both.colon),
    };
    let mut hidden = frame_of_form(page);
    if is_signed {
        hidden.extend(values_as_inputs(&task.values));
    }
    let timeout = policy
        .timeout
        .as_ref()
        .filter(|_| task.timeout_ms.is_some());
    let description = policy
        .description
        .as_deref()
        .filter(|text| !text.trim().is_empty());
    finish(&Request {
        head: Head::new(page.frame, head_title),
        form: &texts.form,
        colon: texts.both.colon,
        yes: texts.both.yes_no[0],
        no: texts.both.yes_no[1],
        token: page.token,
        notice: page.notice.as_ref().map(|notice| said(notice, voice, "")),
        who: who(task, page.slot, voice),
        silence: timeout.map(|timeout| (texts.both.silence)(timeout.result)),
        facts: facts(task, voice),
        description: description.map(|text| markdown::to_html(text, markdown::For::Page)),
        tally: tally(task, voice),
        hidden,
        decision_fault: field::fault_of(page.faults, "decision", texts),
        approves: page.typed.approves,
        approve: (texts.form.approve)(&title),
        reject: (texts.form.reject)(&title),
        signed: signed(task, is_signed),
        faults,
        fields,
        title,
    })
}

/// Asks once more, with everything that was sent.
pub(super) fn confirm(page: &RequestPage<'_>, approves: bool) -> String {
    let voice = page.frame.voice;
    let texts = voice.texts();
    let vote = match approves {
        true => (texts.both.approved, "approve", texts.form.confirm_approve),
        false => (texts.both.rejected, "reject", texts.form.confirm_reject),
    };
    let mut rows = vec![
        Row::new(texts.page.request, story::title(page.task)),
        Row::new(texts.both.your_vote, vote.0),
    ];
    rows.extend(value_rows(page.task, &page.typed.values));
    if !page.typed.comment.is_empty() {
        rows.push(Row::new(
            texts.both.comment,
            clean::visible(&page.typed.comment),
        ));
    }
    let mut hidden_inputs = frame_of_form(page);
    hidden_inputs.push(hidden("decision", vote.1));
    hidden_inputs.push(hidden("comment", &page.typed.comment));
    hidden_inputs.push(hidden("confirm", "yes"));
    hidden_inputs.extend(values_as_inputs(&page.typed.values));
    finish(&Confirm {
        head: Head::new(page.frame, texts.form.confirm),
        form: &texts.form,
        token: page.token,
        rows,
        hidden: hidden_inputs,
        button: vote.2,
    })
}

/// Values of a form with the labels that people know.
pub(super) fn value_rows<'a>(
    task: &'a Task,
    values: &'a std::collections::BTreeMap<String, String>,
) -> impl Iterator<Item = Row> + 'a {
    let fields = task.asked.policy.form.iter();
    fields.filter_map(|field| {
        let value = values.get(&field.name).filter(|value| !value.is_empty())?;
        let label = field.label.as_deref().unwrap_or(&field.name);
        Some(Row::new(clean::line(label, 200), clean::visible(value)))
    })
}

fn frame_of_form(page: &RequestPage<'_>) -> Hidden {
    vec![
        hidden("nonce", page.nonce),
        hidden("round", &page.task.round.to_string()),
        hidden("digest", &page.task.digest),
    ]
}

fn values_as_inputs(values: &std::collections::BTreeMap<String, String>) -> Hidden {
    let values = values.iter();
    values
        .map(|(name, value)| (format!("{FIELD}{name}"), value.clone()))
        .collect()
}

/// Whether somebody else has approved the values of the form: then they stand fast.
fn is_signed(task: &Task, slot: u32) -> bool {
    let others = task.slots.iter().zip(0_u32..).filter(|(_, at)| *at != slot);
    let mut others = others.map(|(slot, _)| slot.state);
    !task.values.is_empty() && others.any(|state| state == SlotState::Approved)
}

fn signed(task: &Task, is_signed: bool) -> Vec<Row> {
    match is_signed {
        true => value_rows(task, &task.values).collect(),
        false => Vec::new(),
    }
}

fn who(task: &Task, slot: u32, voice: Voice) -> Vec<Row> {
    let both = &voice.texts().both;
    let mut rows = vec![Row::new(both.asked_by, story::requester(task))];
    if let Some(account) = story::other_submitter(task) {
        rows.push(Row::new(both.submitted_by, account));
    }
    rows.push(Row::new(both.workflow, story::workflow(task)));
    rows.push(Row::new(both.why_you, story::why_you(task, slot, voice)));
    if let Some(at) = task.timeout_ms {
        rows.push(Row::new(both.decide_by, voice.time(at)));
    }
    rows
}

fn facts(task: &Task, voice: Voice) -> Vec<Row> {
    let facts = task.asked.facts.iter();
    let row = |fact: &usher_api::approval::Fact| Row {
        label: clean::line(&fact.label, 200),
        note: match fact.sensitive {
            true => voice.texts().form.page_only.to_owned(),
            false => String::new(),
        },
        value: clean::visible(&fact.value),
    };
    facts.map(row).collect()
}

/// The votes in numbers, where several people are asked.
fn tally(task: &Task, voice: Voice) -> Option<String> {
    let tally = Tally::of(task);
    let numbers = [tally.approvals, tally.need, tally.rejections, tally.asked];
    let numbers = numbers.map(|number| voice.count(number));
    let [approvals, need, rejections, asked] = &numbers;
    let text = (voice.texts().form.tally)([approvals, need, rejections, asked]);
    (tally.asked > 1).then_some(text)
}
