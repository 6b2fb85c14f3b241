//! Requests for approval as text. What people wrote is shown with its control characters taken out.

use std::fmt::Write as _;

use serde_json::Value;

use super::style::{Style, Tint};
use super::table::{Cell, Column, Cut, Table};
use super::text::safe;
use super::time;

/// What gives way on a narrow terminal, in this order.
const YIELDS: &[(&str, usize)] = &[("WAITS FOR", 12), ("TITLE", 16), ("WORKFLOW", 12)];

/// So much of an id is shown in a list; every verb takes it.
const ID: usize = 8;

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn tint(state: &str) -> Tint {
    match state {
        "Approved" => Tint::Good,
        "Rejected" | "Faulted" | "TimedOut" => Tint::Bad,
        "Pending" | "Opening" => Tint::Live,
        "Unroutable" => Tint::Waiting,
        _ => Tint::Plain,
    }
}

/// `approvals list`.
pub(crate) fn list(list: &Value, style: &Style) -> String {
    let all = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        return "No requests found\n".to_owned();
    }
    let column = |name| Column {
        name,
        cut: Cut::End,
    };
    let names = [
        "REQUEST",
        "STATE",
        "WORKFLOW",
        "TITLE",
        "VOTES",
        "WAITS FOR",
    ];
    let mut table = Table::new(names.into_iter().map(column).collect(), 3, YIELDS);
    table.head();
    for one in all {
        let state = text(one, "state");
        let id: String = text(one, "id").chars().take(ID).collect();
        let waits: Vec<&str> = one["waitsFor"]
            .as_array()
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let last = match one["open"].as_bool() {
            Some(true) if waits.is_empty() => text(one, "reason").to_owned(),
            Some(true) => waits.join(", "),
            _ => String::new(),
        };
        table.push(vec![
            Cell::plain(id),
            Cell::new(tint(state), state),
            Cell::plain(safe(text(one, "workflow"))),
            Cell::plain(safe(text(one, "title"))),
            Cell::plain(format!(
                "{} for, {} against",
                one["approved"], one["rejected"]
            )),
            Cell::plain(safe(&last)),
        ]);
    }
    table
        .lines(style)
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

fn line(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(out, "{:<14}{}", format!("{name}:"), safe(value));
    }
}

/// `approvals show`.
pub(crate) fn show(one: &Value, style: &Style) -> String {
    let mut out = String::new();
    let at = |key: &str| one[key].as_i64().map(|ms| time::stamp(ms, style));
    line(&mut out, "Request", text(one, "id"));
    line(&mut out, "Title", text(one, "title"));
    line(&mut out, "State", text(one, "state"));
    line(&mut out, "Reason", text(one, "reason"));
    let workflow = format!("{}/{}", text(one, "namespace"), text(one, "workflow"));
    line(&mut out, "Workflow", &workflow);
    line(&mut out, "Step", text(one, "node"));
    line(&mut out, "Requested by", text(one, "submitter"));
    let others = one["others"].as_array().into_iter().flatten();
    let others: Vec<&str> = others.filter_map(Value::as_str).collect();
    line(&mut out, "Also by", &others.join(", "));
    line(&mut out, "Opened", &at("openedMs").unwrap_or_default());
    line(&mut out, "Times out", &at("timeoutMs").unwrap_or_default());
    line(&mut out, "Closed", &at("closedMs").unwrap_or_default());
    line(&mut out, "Decision", text(one, "decision"));
    line(&mut out, "Decided by", text(one, "decidedBy"));
    line(&mut out, "Description", text(one, "description").trim());
    let each = |key: &str| one[key].as_array().cloned().unwrap_or_default();
    for fact in each("facts") {
        let value = fact[1].as_str().unwrap_or_default();
        line(&mut out, fact[0].as_str().unwrap_or_default(), value);
    }
    for field in each("fields") {
        let name = format!("Field {}", text(&field, "name"));
        line(&mut out, &name, text(&field, "value"));
    }
    for seat in each("asked") {
        let mut words = text(&seat, "state").to_owned();
        if seat["undeliverable"] == true {
            words.push_str(", mail came back");
        }
        let comment = text(&seat, "comment");
        if !comment.is_empty() {
            let _ = write!(words, ": {comment}");
        }
        line(&mut out, text(&seat, "person"), &words);
    }
    out
}

/// `approvals audit`.
pub(crate) fn record(list: &Value, style: &Style) -> String {
    let mut out = String::new();
    for one in list.as_array().map(Vec::as_slice).unwrap_or_default() {
        let entry = &one["entry"];
        let mut words = vec![text(entry, "action").to_owned()];
        for key in ["actor", "decision", "level", "via", "meaning", "reason"] {
            if let Some(word) = entry[key].as_str().filter(|word| !word.is_empty()) {
                words.push(word.to_owned());
            }
        }
        if let Some(comment) = one["side"]["comment"].as_str().filter(|c| !c.is_empty()) {
            words.push(format!("\"{comment}\""));
        }
        let at = entry["at"].as_str().unwrap_or_default();
        let hash: String = text(one, "hash").chars().take(12).collect();
        let line = words.join("  ");
        let _ = writeln!(out, "{:>3}  {at}  {hash}  {}", one["seq"], safe(&line));
    }
    let _ = style;
    out
}

/// `approvals verify`.
pub(crate) fn verified(found: &Value) -> String {
    let mut out = String::new();
    let faults = found["faults"].as_array().map(Vec::as_slice);
    for fault in faults.unwrap_or_default() {
        let _ = writeln!(out, "{}", safe(fault.as_str().unwrap_or_default()));
    }
    let _ = writeln!(
        out,
        "{} entries of {} requests looked at, {} records damaged",
        found["entries"],
        found["requests"],
        faults.map_or(0, <[Value]>::len)
    );
    out
}

/// What a verb did.
pub(crate) fn done(one: &Value, _: &Style) -> String {
    let title = safe(text(one, "title")).into_owned();
    let state = text(one, "state");
    match text(one, "told") {
        "counted" => format!("your vote on \"{title}\" counts; the request is still open\n"),
        "decided" => format!("\"{title}\" is decided: {state}\n"),
        "again" => format!("this was done before; \"{title}\" is {state}\n"),
        "nothing" => format!("nothing had to be done; \"{title}\" is {state}\n"),
        _ => format!("done; \"{title}\" is {state}\n"),
    }
}

/// `approvals bounce`.
pub(crate) fn returned(one: &Value, style: &Style) -> String {
    let (mail, what) = (
        one["mail"].as_i64().unwrap_or(0),
        safe(text(one, "what")).into_owned(),
    );
    match text(one, "told") {
        "bounced" => format!("mail {mail} came back for good\n"),
        "later" => {
            let due = one["dueMs"].as_i64().unwrap_or(0);
            format!("mail {mail} is sent again at {}\n", time::stamp(due, style))
        }
        "again" => format!("mail {mail} came back before; nothing is changed\n"),
        "noted" => format!("mail {mail} stays sent: {what}\n"),
        _ => format!("dropped: {what}\n"),
    }
}

/// `approvals whoami`.
pub(crate) fn who(one: &Value, _: &Style) -> String {
    let account = text(one, "account");
    let mut out = match one["person"].as_str() {
        Some(person) => format!("account {account} is {person} ({})\n", text(one, "name")),
        None => format!("account {account} is no person's; people.yaml says whose it is\n"),
    };
    if one["overrides"] == true {
        out.push_str("it may override\n");
    }
    out
}
