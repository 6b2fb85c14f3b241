//! Fields of a form as inputs of a page, with their help, faults and values.

use usher_api::approval::{CommentRule, Field, FieldKind};

use super::{FIELD, RequestPage};
use crate::clean;
use crate::decide::{InputFault, InputWrong};
use crate::task::Vote;
use crate::texts::Texts;

/// At most this many characters of a label.
const LABEL_MAX: usize = 200;

/// How something is entered.
pub(super) enum Input {
    /// One line: type of the input, and which keys a telephone shows.
    Line((&'static str, &'static str)),
    /// Several lines.
    Area,
    /// Two choices, none chosen.
    YesNo,
    /// One of these, none chosen.
    Choice(Vec<String>),
}

/// A field with all that stands around it.
pub(super) struct FieldView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) note: &'static str,
    pub(super) help: Option<String>,
    pub(super) fault: Option<String>,
    /// Ids of help and fault.
    pub(super) described: String,
    pub(super) input: Input,
    pub(super) value: String,
    pub(super) min: Option<String>,
    pub(super) max: Option<String>,
}

/// A line of the summary: the input that it leads to, and what is wrong.
pub(super) struct FaultView {
    pub(super) place: Option<String>,
    pub(super) text: String,
}

/// The fields of a form, the comment last. Without those that others have signed.
pub(super) fn fields(page: &RequestPage<'_>, is_signed: bool) -> Vec<FieldView> {
    let policy = &page.task.asked.policy;
    let mut views = Vec::new();
    if !is_signed {
        let fields = policy.form.iter().enumerate();
        views.extend(fields.map(|(at, field)| field_view(page, at, field)));
    }
    if policy.comment != CommentRule::Never {
        views.push(comment(page));
    }
    views
}

/// What is wrong, in the order of the page: first the decision, then the fields, then the rest.
pub(super) fn faults(page: &RequestPage<'_>, fields: &[FieldView]) -> Vec<FaultView> {
    let texts = page.frame.voice.texts();
    let view = |fault: &InputFault| {
        let what = said(fault, texts);
        let name = input_name(&fault.field);
        let field = fields.iter().find(|field| field.name == name);
        let (place, label) = match (fault.field.as_str(), field) {
            ("decision", _) => (Some("decision".to_owned()), None),
            (_, Some(field)) => (Some(field.id.clone()), Some(field.label.clone())),
            (other, None) => (None, Some(clean::line(other, LABEL_MAX))),
        };
        let text = match label {
            Some(label) => format!("{label}{}{what}", texts.both.colon),
            None => what,
        };
        FaultView { place, text }
    };
    let mut views: Vec<FaultView> = page.faults.iter().map(view).collect();
    views.sort_by_key(|view| rank(view.place.as_deref(), fields));
    views
}

/// What is wrong with one input, by the name that faults have.
pub(super) fn fault_of(faults: &[InputFault], field: &str, texts: &Texts) -> Option<String> {
    let fault = faults.iter().find(|fault| fault.field == field)?;
    Some(said(fault, texts))
}

fn said(fault: &InputFault, texts: &Texts) -> String {
    match (fault.field.as_str(), &fault.what) {
        ("decision", InputWrong::Missing) => texts.form.undecided.to_owned(),
        (_, what) => (texts.wrong)(what),
    }
}

fn rank(place: Option<&str>, fields: &[FieldView]) -> usize {
    match place {
        Some("decision") => 0,
        Some(id) => 1 + fields.iter().take_while(|field| field.id != id).count(),
        None => usize::MAX,
    }
}

fn input_name(field: &str) -> String {
    match field {
        "comment" => field.to_owned(),
        _ => format!("{FIELD}{field}"),
    }
}

fn field_view(page: &RequestPage<'_>, at: usize, field: &Field) -> FieldView {
    let texts = page.frame.voice.texts();
    let label = field.label.as_deref().unwrap_or(&field.name);
    let help = field.help.as_deref().map(|help| clean::line(help, 500));
    let fault = fault_of(page.faults, &field.name, texts);
    let id = format!("field-{at}");
    let is_date = field.kind == FieldKind::Date;
    FieldView {
        described: described(&id, help.is_some(), fault.is_some()),
        name: input_name(&field.name),
        label: clean::line(label, LABEL_MAX),
        note: match field.required {
            true => texts.form.needed,
            false => texts.form.optional,
        },
        help,
        fault,
        input: input(field),
        value: value(page, field),
        min: field.min.clone().filter(|_| is_date),
        max: field.max.clone().filter(|_| is_date),
        id,
    }
}

fn input(field: &Field) -> Input {
    match field.kind {
        FieldKind::Text => Input::Line(("text", "")),
        FieldKind::Multiline => Input::Area,
        FieldKind::Integer => Input::Line(("text", "numeric")),
        FieldKind::Number => Input::Line(("text", "decimal")),
        FieldKind::Boolean => Input::YesNo,
        FieldKind::Date => Input::Line(("date", "")),
        FieldKind::Email => Input::Line(("email", "")),
        FieldKind::Choice => Input::Choice(field.options.clone()),
    }
}

/// What was typed; of a fresh form the last vote's value, else the form's own default.
fn value(page: &RequestPage<'_>, field: &Field) -> String {
    let typed = page.typed.values.get(&field.name);
    if page.is_sent || typed.is_some() {
        return typed.cloned().unwrap_or_default();
    }
    let voted = last_vote(page).and_then(|vote| vote.values.get(&field.name));
    voted
        .or(field.default.as_ref())
        .cloned()
        .unwrap_or_default()
}

fn comment(page: &RequestPage<'_>) -> FieldView {
    let texts = page.frame.voice.texts();
    let fault = fault_of(page.faults, "comment", texts);
    let voted = || last_vote(page).map(|vote| vote.comment.clone());
    let value = match page.is_sent || !page.typed.comment.is_empty() {
        true => page.typed.comment.clone(),
        false => voted().unwrap_or_default(),
    };
    FieldView {
        id: "comment".to_owned(),
        name: "comment".to_owned(),
        label: texts.both.comment.to_owned(),
        note: (texts.form.comment_rule)(page.task.asked.policy.comment),
        help: None,
        described: described("comment", false, fault.is_some()),
        fault,
        input: Input::Area,
        value,
        min: None,
        max: None,
    }
}

fn last_vote<'a>(page: &'a RequestPage<'_>) -> Option<&'a Vote> {
    page.task.slot(page.slot)?.vote()
}

fn described(id: &str, has_help: bool, has_fault: bool) -> String {
    match (has_help, has_fault) {
        (true, true) => format!("{id}-help {id}-fault"),
        (true, false) => format!("{id}-help"),
        (false, true) => format!("{id}-fault"),
        (false, false) => String::new(),
    }
}
