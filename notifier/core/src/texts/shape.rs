//! Every fixed text by name: the shape that each language fills.
//!
//! A text with something in it is a function, because languages put things in different places.
//! What is put in is plain text; pages escape the whole afterwards.

use usher_api::approval::{CommentRule, Level, TimeoutResult};

use crate::decide::{InputWrong, Refusal};
use crate::page::Trouble;
use crate::texts::story::Ending;

/// A text without anything in it.
pub type Text = &'static str;

/// A text around one thing.
pub type With = fn(&str) -> String;

/// The texts of one language.
#[derive(Debug)]
pub struct Texts {
    /// What both pages and mails say.
    pub both: Both,
    /// The request and its form.
    pub form: Form,
    /// Proving, receipts, ends.
    pub page: Page,
    /// The development mailbox.
    pub mailbox: Mailbox,
    /// Mails.
    pub mail: MailTexts,
    /// Why a vote or an act is refused.
    pub refusal: fn(&Refusal) -> String,
    /// What is wrong with a field.
    pub wrong: fn(&InputWrong) -> String,
    /// Heading and text of a page that tells why there is none.
    pub trouble: fn(Trouble) -> [Text; 2],
}

/// What both pages and mails say.
#[derive(Debug)]
pub struct Both {
    /// Before a label's value: `: `, or a colon of full width.
    pub colon: Text,
    /// Between names of a list.
    pub comma: Text,
    /// Label: who wants it.
    pub asked_by: Text,
    /// Label: the account that submitted the run, where that is another.
    pub submitted_by: Text,
    /// Label: the workflow.
    pub workflow: Text,
    /// Label: why this reader is asked.
    pub why_you: Text,
    /// The reader is named himself.
    pub named: Text,
    /// The reader belongs to these groups.
    pub as_one_of: With,
    /// Label: the time limit.
    pub decide_by: Text,
    /// What silence means.
    pub silence: fn(TimeoutResult) -> Text,
    /// Label: the vote.
    pub your_vote: Text,
    /// A vote for it.
    pub approved: Text,
    /// A vote against it.
    pub rejected: Text,
    /// Label: the comment.
    pub comment: Text,
    /// Label: the name printed in the record.
    pub printed_name: Text,
    /// Label: when.
    pub time: Text,
    /// Label: what the vote means.
    pub meaning: Text,
    /// A vote for it, as one of these; the names may be empty.
    pub approved_as: With,
    /// A vote against it, as one of these; the names may be empty.
    pub rejected_as: With,
    /// Label: how it was proved who voted.
    pub proof: Text,
    /// The ways of proving.
    pub level: fn(Level) -> Text,
    /// Label: the digest.
    pub digest: Text,
    /// "This is your vote, 1 of 2 so far": approvals and how many it takes.
    pub so_far: fn(&str, &str) -> String,
    /// How a request stands.
    pub ending: fn(Ending) -> Text,
    /// Yes and no.
    pub yes_no: [Text; 2],
    /// We never ask for a password.
    pub no_password: Text,
}

/// The request and its form.
#[derive(Debug)]
pub struct Form {
    /// Heading over what is decided about.
    pub details: Text,
    /// Heading over the description.
    pub description: Text,
    /// Beside a value that is on the page and in no mail.
    pub page_only: Text,
    /// Heading over the tally.
    pub votes: Text,
    /// The tally: approvals, how many it takes at least, rejections, persons asked.
    pub tally: fn([&str; 4]) -> String,
    /// Heading over the form, and the question.
    pub question: Text,
    /// What is wrong when nothing is chosen.
    pub undecided: Text,
    /// Choice for it, with the title.
    pub approve: With,
    /// Choice against it, with the title.
    pub reject: With,
    /// Beside the comment's label, by the rule.
    pub comment_rule: fn(CommentRule) -> Text,
    /// Beside a field that an approval needs.
    pub needed: Text,
    /// Beside a field that may stay empty.
    pub optional: Text,
    /// First line of a choice list.
    pub choose: Text,
    /// Above values that others have signed.
    pub signed: Text,
    /// The one button.
    pub send: Text,
    /// Heading of the summary of faults.
    pub faults: Text,
    /// Before each fault, for those who do not see its colour.
    pub fault: Text,
    /// Heading of the confirm page.
    pub confirm: Text,
    /// Why it asks once more.
    pub confirm_why: Text,
    /// Its button, for it.
    pub confirm_approve: Text,
    /// Its button, against it.
    pub confirm_reject: Text,
    /// The way back to the form.
    pub back: Text,
    /// The form was too old.
    pub send_again: Text,
}

/// Proving, receipts, ends.
#[derive(Debug)]
pub struct Page {
    /// To those who use a keyboard: jumps over the head.
    pub skip: Text,
    /// Heading of the proving page, with the masked address.
    pub waits_for: With,
    /// What the code is for, with the service.
    pub why_code: With,
    /// Button.
    pub send_code: Text,
    /// Button, when one was sent before.
    pub send_code_again: Text,
    /// A code is under way, with the masked address.
    pub code_sent: With,
    /// Label of the field.
    pub code: Text,
    /// Help for the field.
    pub code_help: Text,
    /// The code was wrong; so many tries are left, 0: it is void.
    pub wrong_code: fn(u32) -> String,
    /// Button.
    pub check_code: Text,
    /// Heading of the receipt.
    pub receipt: Text,
    /// What was voted on.
    pub request: Text,
    /// The request is open still.
    pub still_open: Text,
    /// Way to change the vote.
    pub change: Text,
    /// That the vote may be changed.
    pub may_change: Text,
    /// That nothing is left to do.
    pub nothing_to_do: Text,
    /// Heading where nothing may be said but this.
    pub closed: Text,
    /// Label: why it ended so.
    pub reason: Text,
    /// Heading of the expired page.
    pub expired: Text,
    /// What can be done, with the masked address.
    pub expired_why: With,
    /// Button.
    pub renew: Text,
    /// A fresh link is under way, with the masked address.
    pub link_sent: With,
}

/// The development mailbox.
#[derive(Debug)]
pub struct Mailbox {
    /// Heading.
    pub title: Text,
    /// What it is.
    pub about: Text,
    /// Nothing is there.
    pub empty: Text,
    /// Column: from.
    pub from: Text,
    /// Column: to.
    pub to: Text,
    /// Column: subject.
    pub subject: Text,
    /// A mail without a subject.
    pub no_subject: Text,
    /// Older mails.
    pub older: Text,
    /// Back to the list.
    pub back: Text,
    /// Heading over the headers.
    pub headers: Text,
    /// Heading over the text part.
    pub text: Text,
    /// Heading over, and name of the frame of, the HTML part.
    pub html: Text,
    /// Way to the bytes.
    pub raw: Text,
}

/// Mails.
#[derive(Debug)]
pub struct MailTexts {
    /// Subject of a request, with the title.
    pub request_subject: With,
    /// First sentence of a request, with who asks.
    pub request: With,
    /// That the link replaces another.
    pub renewed: Text,
    /// How many values stand on the page only.
    pub page_only: With,
    /// The one button.
    pub button: Text,
    /// Above the address that is printed.
    pub address: Text,
    /// That opening decides nothing and the link is personal.
    pub careful: Text,
    /// Subject of a notice that no vote is needed, with the title.
    pub not_needed_subject: With,
    /// Its text.
    pub not_needed: Text,
    /// Subject of a code, with the service.
    pub code_subject: With,
    /// Above the code.
    pub code: Text,
    /// How long it is good, and what to do who did not ask.
    pub code_limit: Text,
    /// Subject of a receipt, with the title.
    pub receipt_subject: With,
    /// Its first sentence.
    pub receipt: Text,
    /// What to do who did not vote.
    pub receipt_not_you: Text,
    /// Subject of an outcome: the ending and the title.
    pub outcome_subject: fn(&str, &str) -> String,
    /// Label: how it ended.
    pub result: Text,
    /// Subject of an alert, with the title.
    pub alert_subject: With,
    /// Its first sentence.
    pub alert: Text,
    /// Label: what is wrong.
    pub alert_reason: Text,
    /// At the foot, with the service.
    pub foot: With,
}
