//! What a file asks of people: approvals in their two spellings, mail steps, notices.

mod approval;
mod mail;
mod notify;
mod spelled;

pub(crate) use approval::{approval, supplied};
pub(crate) use mail::mail;
pub(crate) use notify::notices;
pub(crate) use spelled::{Spelled, annotations, spelled};
