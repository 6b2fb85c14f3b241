//! The rules of `decide`, each as a small script: a workflow, what happens to it, the tree after.
//! The laws of a run are checked after every event.

#[path = "rules/again.rs"]
mod again;
#[path = "rules/approvals.rs"]
mod approvals;
#[path = "rules/closings.rs"]
mod closings;
#[path = "rules/commands.rs"]
mod commands;
#[path = "rules/dags.rs"]
mod dags;
#[path = "rules/ends.rs"]
mod ends;
#[path = "rules/limits.rs"]
mod limits;
#[path = "rules/mails.rs"]
mod mails;
#[path = "rules/oddities.rs"]
mod oddities;
#[path = "rules/phases.rs"]
mod phases;
#[path = "rules/renewals.rs"]
mod renewals;
#[path = "rules/retries.rs"]
mod retries;
#[path = "rules/rows.rs"]
mod rows;
#[path = "rules/script.rs"]
mod script;
#[path = "rules/steps.rs"]
mod steps;
#[path = "rules/supplied.rs"]
mod supplied;
#[path = "rules/verbs.rs"]
mod verbs;
