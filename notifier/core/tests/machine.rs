//! The machine of approvals: its tables, its rules one by one, and random scripts against a naive
//! model. The laws of a task are checked after every move of every test.

#[path = "machine/desk.rs"]
mod desk;
#[path = "machine/forms.rs"]
mod forms;
#[path = "machine/model.rs"]
mod model;
#[path = "machine/opening.rs"]
mod opening;
#[path = "machine/quorum.rs"]
mod quorum;
#[path = "machine/scripts.rs"]
mod scripts;
#[path = "machine/tables.rs"]
mod tables;
