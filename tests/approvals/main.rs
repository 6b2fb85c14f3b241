//! Approvals from the file to the end of the run, through the shipped binary: a server, the mails
//! of its development mailbox, the pages behind their links. The names of the tests are the numbers
//! of the acceptance scenarios that they carry out.

mod again;
mod bounces;
mod canary;
mod flows;
mod life;
mod rig;
