//! The courier against a mail server of ours that plays every fault, and the mailbox.

#[path = "courier/bounces.rs"]
mod bounces;
#[path = "courier/chaos.rs"]
mod chaos;
#[path = "courier/ground.rs"]
mod ground;
#[path = "courier/mailbox.rs"]
mod mailbox;
#[path = "courier/outbox.rs"]
mod outbox;
#[path = "courier/parts.rs"]
mod parts;
#[path = "courier/real.rs"]
mod real;
#[path = "courier/replies.rs"]
mod replies;
#[path = "sink/server.rs"]
mod server;
#[path = "sink/session.rs"]
mod session;
