//! Names of a policy that nobody has: found when a file is checked, not when a run waits.
//!
//! Only what is written out is looked at; a text with tags is known when the run comes there.

use usher_api::approval::{Policy, Who};

use super::{PERSONS_MAX, People, Unknown};

/// A name of a policy that means nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameFault {
    /// Where it stands below the policy: `approvers[1].group`.
    pub path: String,
    /// What is wrong, and what was probably meant.
    pub message: String,
}

/// Looks up every name that a policy writes out.
#[must_use]
pub fn check_names(policy: &Policy, people: &People) -> Vec<NameFault> {
    let mut faults = Vec::new();
    let mut check = |path: String, who: &Who, asks: bool| {
        let (Who::User(name) | Who::Group(name) | Who::Role(name)) = who;
        if name.contains("{{") {
            return;
        }
        let message = match people.resolve(who) {
            Ok(persons) if persons.is_empty() => nobody(who),
            Ok(persons) if persons.len() > PERSONS_MAX && asks => crowd(who, persons.len()),
            Ok(_) => return,
            Err(error) => said(&error),
        };
        faults.push(NameFault { path, message });
    };
    for (at, approver) in policy.approvers.iter().enumerate() {
        let field = match &approver.who {
            Who::User(_) => "user",
            Who::Group(_) => "group",
            Who::Role(_) => "role",
        };
        check(format!("approvers[{at}].{field}"), &approver.who, true);
        if let Some(group) = &approver.must_be_in {
            let path = format!("approvers[{at}].mustBeIn");
            check(path, &Who::Group(group.clone()), false);
        }
    }
    if let Some(requester) = &policy.requester
        && !requester.contains("{{")
        && let Err(error) = people.user(requester)
    {
        faults.push(NameFault {
            path: "requester".to_owned(),
            message: said(&error),
        });
    }
    faults
}

/// The name is known, but nobody can be asked by it.
fn nobody(who: &Who) -> String {
    match who {
        Who::User(name) => format!("`{name}` is disabled; nobody would be asked"),
        Who::Group(name) => format!("nobody in the group `{name}` can be asked"),
        Who::Role(name) => format!("nobody who holds the role `{name}` can be asked"),
    }
}

/// So many that somebody has taken the wrong list.
fn crowd(who: &Who, count: usize) -> String {
    let (Who::User(name) | Who::Group(name) | Who::Role(name)) = who;
    let what = match who {
        Who::Role(_) => "role",
        Who::User(_) | Who::Group(_) => "group",
    };
    format!(
        "the {what} `{name}` has {count} persons, and at most {PERSONS_MAX} are asked; take a \
         smaller one"
    )
}

fn said(error: &Unknown) -> String {
    error.to_string()
}
