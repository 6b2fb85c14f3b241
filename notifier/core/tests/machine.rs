//! The machine of approvals: its tables, its rules one by one, and random scripts against a naive
//! model. The laws of a task are checked after every move of every test.

#[path = "machine/boundaries.rs"]
mod boundaries;
#[path = "machine/desk.rs"]
mod desk;
#[path = "machine/ends.rs"]
mod ends;
#[path = "machine/forms.rs"]
mod forms;
#[path = "machine/model.rs"]
mod model;
#[path = "machine/opening.rs"]
mod opening;
#[path = "machine/people.rs"]
mod people;
#[path = "machine/quorum.rs"]
mod quorum;
#[path = "machine/records.rs"]
mod records;
#[path = "machine/scripts.rs"]
mod scripts;
#[path = "machine/tables.rs"]
mod tables;
#[path = "machine/times.rs"]
mod times;
