//! From the block below `approval` to a [`Policy`], or every fault of it with its path.
//!
//! The block is read before any value is put in: tags may stand in texts for people and in names,
//! nowhere else, so that whoever submits a workflow cannot weaken its rules by a parameter
//! (approvals §4.1). What a later part of the language will know is refused by name.
//!
//! Not here: what the template around the block says (form fields, inputs), and which word was
//! probably meant: a fault lists the known ones.

mod fields;
mod read;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{
    Approver, CommentRule, Level, Moment, Need, OnReject, Policy, Quorum, RejectRule, Shown,
    Timeout, TimeoutResult, Who,
};
use crate::code::{self, Code};
use read::{Block, Reader};

/// One step of a path inside the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// One thing that is wrong with a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFault {
    /// Its stable code.
    pub code: &'static Code,
    /// Where, from the block's own root.
    pub path: Vec<Step>,
    /// What is wrong, one line.
    pub message: String,
    /// The wrong word, where one of `known` was probably meant; else empty.
    pub word: String,
    /// The words that are known there.
    pub known: Vec<String>,
    /// Whether the name of the field is wrong, not its value.
    pub is_key: bool,
}

/// The most entries of `approvers`.
pub const APPROVERS_MAX: usize = 100;

/// The most form fields.
pub const FIELDS_MAX: usize = 50;

/// The most seats of an entry, and the greatest count anywhere.
const COUNT_MAX: u32 = 200;

const KNOWN: [&str; 15] = [
    "title",
    "description",
    "show",
    "requester",
    "locale",
    "timezone",
    "approvers",
    "quorum",
    "reject",
    "comment",
    "form",
    "onReject",
    "timeout",
    "retryOnReject",
    "separation",
];

const LATER: [&str; 14] = [
    "stages",
    "whenNoStage",
    "order",
    "decisions",
    "due",
    "reminders",
    "escalation",
    "delegation",
    "substitution",
    "fallback",
    "revision",
    "membership",
    "tally",
    "notify",
];

/// Reads a block. The form is empty where the block has none: the template's own parameters are
/// the form then.
///
/// # Errors
/// Every fault, in the order of the fields.
pub fn parse(block: &Value) -> Result<Policy, Vec<PolicyFault>> {
    let mut reader = Reader::default();
    let policy = reader
        .root(block)
        .map(|root| self::policy(&root, &mut reader));
    match policy {
        Some(policy) if reader.faults.is_empty() => Ok(policy),
        _ => Err(reader.faults),
    }
}

fn policy(root: &Block<'_>, reader: &mut Reader) -> Policy {
    let known: Vec<&str> = KNOWN.into_iter().chain(["auth"]).collect();
    let later: Vec<&str> = LATER.into_iter().chain(["policyRef"]).collect();
    reader.keys(root, &known, &later);
    let title = reader.title(root);
    let approvers = approvers(root, reader);
    Policy {
        title,
        description: reader.tagged(root, "description"),
        show: shown(root, reader),
        requester: reader.tagged(root, "requester"),
        locale: reader.word(
            root,
            "locale",
            &[
                ("en", "en".to_owned()),
                ("de", "de".to_owned()),
                ("zh-Hans", "zh-Hans".to_owned()),
            ],
        ),
        timezone: timezone(root, reader),
        quorum: quorum(root, approvers.len(), reader),
        approvers,
        reject: reject(root, reader),
        comment: reader
            .word(
                root,
                "comment",
                &[
                    ("optional", CommentRule::Optional),
                    ("never", CommentRule::Never),
                    ("onReject", CommentRule::OnReject),
                    ("onApprove", CommentRule::OnApprove),
                    ("always", CommentRule::Always),
                ],
            )
            .unwrap_or_default(),
        form: fields::form(root, reader),
        on_reject: reader
            .word(
                root,
                "onReject",
                &[("fail", OnReject::Fail), ("continue", OnReject::Continue)],
            )
            .unwrap_or_default(),
        timeout: timeout(root, reader),
        retry_on_reject: reader.flag(root, "retryOnReject"),
        requester_may_approve: separation(root, reader),
        auth: auth(root, reader),
    }
}

fn shown(root: &Block<'_>, reader: &mut Reader) -> Option<Vec<Shown>> {
    let list = reader.list(root, "show", FIELDS_MAX)?;
    let mut all = Vec::with_capacity(list.len());
    for at in list {
        if let Value::String(name) = at.value {
            reader.literal(&at, name);
            all.push(Shown {
                name: name.clone(),
                label: None,
                sensitive: false,
            });
            continue;
        }
        let Some(block) = reader.block(&at, "the name of an input, or a mapping with `name`")
        else {
            continue;
        };
        reader.keys(&block, &["name", "label", "sensitive"], &[]);
        all.push(Shown {
            name: reader.name(&block, "name"),
            label: reader.tagged(&block, "label"),
            sensitive: reader.flag(&block, "sensitive"),
        });
    }
    Some(all)
}

/// The characters of IANA names; whether there is such a zone is told where zones are known.
fn timezone(root: &Block<'_>, reader: &mut Reader) -> Option<String> {
    let zone = reader.plain(root, "timezone")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    if zone.is_empty() || zone.len() > 64 || !zone.chars().all(fits) {
        let message = "is no time zone; write for example Europe/Berlin or UTC";
        reader.tell_field(&code::NOT_IN_ENUM, root, "timezone", message);
        return None;
    }
    Some(zone)
}

fn approvers(root: &Block<'_>, reader: &mut Reader) -> Vec<Approver> {
    let list = reader.list(root, "approvers", APPROVERS_MAX);
    if root.get("approvers").is_none() || list.as_ref().is_some_and(Vec::is_empty) {
        let message = "an approval needs at least one of `approvers`; nobody is no approval";
        reader.tell_field(&code::MISSING_FIELD, root, "approvers", message);
    }
    let list = list.unwrap_or_default();
    let mut all = Vec::with_capacity(list.len());
    for at in &list {
        if let Some(block) = reader.block(at, "a mapping such as `{user: …}`") {
            all.extend(approver(&block, reader));
        }
    }
    all
}

/// A key that names somebody, and what it makes of the name.
type Kind = (&'static str, fn(String) -> Who);

fn approver(block: &Block<'_>, reader: &mut Reader) -> Option<Approver> {
    reader.keys(
        block,
        &["user", "group", "role", "need", "required", "mustBeIn"],
        &["expr"],
    );
    let mut named: Vec<Who> = Vec::new();
    let kinds: [Kind; 3] = [
        ("user", Who::User),
        ("group", Who::Group),
        ("role", Who::Role),
    ];
    for (key, make) in kinds {
        if let Some(name) = reader.tagged(block, key) {
            if name.trim().is_empty() {
                let message = format!("`{key}` is empty; name somebody");
                reader.tell_field(&code::MISSING_FIELD, block, key, &message);
            }
            named.push(make(name));
        }
    }
    let is_wrong = kinds.iter().any(|(key, _)| block.get(key).is_some());
    if named.len() != 1 && (named.len() > 1 || !is_wrong) && block.get("expr").is_none() {
        let message = "an entry names one of `user`, `group` and `role`";
        reader.tell(&code::MISSING_FIELD, &block.path, message);
    }
    let who = named.pop()?;
    let need = need(block, reader);
    if matches!(who, Who::User(_)) && matches!(need, Need::Count(2..)) {
        let message = "a `user` is one person: no more than 1 can be needed of it";
        reader.tell_field(&code::BAD_NUMBER, block, "need", message);
    }
    Some(Approver {
        who,
        need,
        required: reader.flag(block, "required"),
        must_be_in: reader.plain(block, "mustBeIn"),
    })
}

fn need(block: &Block<'_>, reader: &mut Reader) -> Need {
    let what = "a number of persons, or a part such as \"60%\"";
    match reader.amount(block, "need", &[], what) {
        Some(Amount::Count(count)) => Need::Count(count),
        Some(Amount::Percent(percent)) => Need::Percent(percent),
        Some(Amount::Word(_)) | None => Need::Count(1),
    }
}

/// A number, a part, or one of the words that stand for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Amount {
    Count(u32),
    Percent(u8),
    Word(usize),
}

fn quorum(root: &Block<'_>, entries: usize, reader: &mut Reader) -> Quorum {
    if root.get("quorum").is_none() && entries > 1 {
        let message = "with more than one entry the `quorum` must be written: any, all, a number \
                       or a part such as \"60%\"";
        reader.tell_field(&code::MISSING_FIELD, root, "quorum", message);
    }
    let what = "any, all, a number of entries, or a part such as \"60%\"";
    match reader.amount(root, "quorum", &["any", "all"], what) {
        Some(Amount::Word(0)) => Quorum::Any,
        Some(Amount::Count(count)) => {
            if entries > 0 && count as usize > entries {
                let message = format!("{count} entries cannot be satisfied: there are {entries}");
                reader.tell_field(&code::BAD_NUMBER, root, "quorum", &message);
            }
            Quorum::Count(count)
        }
        Some(Amount::Percent(percent)) => Quorum::Percent(percent),
        Some(Amount::Word(_)) | None => Quorum::All,
    }
}

fn reject(root: &Block<'_>, reader: &mut Reader) -> RejectRule {
    let what = "veto, threshold, or a number of persons";
    match reader.amount(root, "reject", &["veto", "threshold"], what) {
        Some(Amount::Word(1)) => RejectRule::Threshold,
        Some(Amount::Count(count)) => RejectRule::Count(count),
        Some(Amount::Percent(_)) => {
            reader.tell_field(&code::WRONG_KIND, root, "reject", &format!("takes {what}"));
            RejectRule::Veto
        }
        Some(Amount::Word(_)) | None => RejectRule::Veto,
    }
}

fn timeout(root: &Block<'_>, reader: &mut Reader) -> Option<Timeout> {
    let field = root.get("timeout")?;
    let block = reader.block(&field, "a mapping with `after` or `at`")?;
    reader.keys(&block, &["after", "at", "result"], &[]);
    let escalates = block.value.get("result").and_then(Value::as_str) == Some("escalate");
    if escalates {
        let message = "`escalate` comes later and is not supported yet";
        reader.tell_field(&code::NOT_SUPPORTED, &block, "result", message);
        return None;
    }
    let result = reader.word(
        &block,
        "result",
        &[
            ("reject", TimeoutResult::Reject),
            ("fail", TimeoutResult::Fail),
            ("approve", TimeoutResult::Approve),
            ("continue", TimeoutResult::Continue),
        ],
    );
    let after = reader.span(&block, "after");
    let at = reader.tagged(&block, "at");
    let when = match (after, at) {
        (Some(_), Some(_)) => {
            let message = "stands beside `after`; a time limit has one of them";
            reader.tell_key(&code::SCOPE, &block, "at", message);
            None
        }
        (Some(ms), None) => Some(Moment::After(ms)),
        (None, Some(text)) => Some(Moment::At(text)),
        (None, None) => {
            if block.get("after").is_none() && block.get("at").is_none() {
                let message = "a time limit needs `after` or `at`";
                reader.tell(&code::MISSING_FIELD, &block.path, message);
            }
            None
        }
    };
    Some(Timeout {
        when: when?,
        result: result.unwrap_or(TimeoutResult::Reject),
    })
}

fn separation(root: &Block<'_>, reader: &mut Reader) -> bool {
    let Some(field) = root.get("separation") else {
        return false;
    };
    let Some(block) = reader.block(&field, "a mapping with `requesterMayApprove`") else {
        return false;
    };
    let later = ["distinctAcrossStages", "distinctFrom", "alreadyApproved"];
    reader.keys(&block, &["requesterMayApprove"], &later);
    reader.flag(&block, "requesterMayApprove")
}

fn auth(root: &Block<'_>, reader: &mut Reader) -> Option<Level> {
    for later in ["login", "stepUp"] {
        if root.value.get("auth").and_then(Value::as_str) == Some(later) {
            let message = format!("`{later}` comes later; so far there are link and code");
            reader.tell_field(&code::NOT_SUPPORTED, root, "auth", &message);
            return None;
        }
    }
    let known = [("link", Level::Link), ("code", Level::Code)];
    reader.word(root, "auth", &known)
}
