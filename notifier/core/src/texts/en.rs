//! English.

use usher_api::approval::{CommentRule, FieldKind, Level, TimeoutResult};

use super::shape::{Both, Form, MailTexts, Mailbox, Page, Text, Texts};
use super::story::Ending;
use crate::decide::{InputWrong, Refusal};
use crate::page::Trouble;

pub(super) static TEXTS: Texts = Texts {
    both: Both {
        colon: ": ",
        comma: ", ",
        asked_by: "Asked by",
        submitted_by: "Submitted by the account",
        workflow: "Workflow",
        why_you: "Why you",
        named: "the workflow names you",
        as_one_of: |names| format!("you are asked as {names}"),
        decide_by: "Decide by",
        silence,
        your_vote: "Your vote",
        approved: "Approved",
        rejected: "Rejected",
        comment: "Comment",
        printed_name: "Name in the record",
        time: "Time",
        meaning: "Meaning",
        approved_as: |names| as_one_of("approved", names),
        rejected_as: |names| as_one_of("rejected", names),
        proof: "Proof",
        level,
        digest: "Digest of the content (SHA-256)",
        so_far: |have, need| format!("This is your vote: {have} of {need} approvals so far."),
        ending,
        yes_no: ["Yes", "No"],
        no_password: "We never ask for a password.",
    },
    form: Form {
        details: "Details",
        description: "Description",
        page_only: "shown here only, not in the mail",
        votes: "Votes so far",
        tally: |[approvals, need, rejections, asked]| {
            format!(
                "Approvals: {approvals} of at least {need}. Rejections: {rejections}. \
                 People asked: {asked}."
            )
        },
        question: "What do you decide?",
        undecided: "Choose whether you approve or reject.",
        approve: |title| format!("Approve: {title}"),
        reject: |title| format!("Reject: {title}"),
        comment_rule,
        needed: "(required to approve)",
        optional: "(optional)",
        choose: "Please choose",
        signed: "Somebody has approved with these values. Approving, you sign them too.",
        send: "Send my decision",
        faults: "Please check your entries",
        fault: "Error",
        confirm: "Is this your decision?",
        confirm_why: "Your answer came very fast. Some mail programs open links and press buttons \
                      by machine, so please press once more.",
        confirm_approve: "Yes, I approve",
        confirm_reject: "Yes, I reject",
        back: "Back to the request",
        send_again: "Nothing has been decided yet: this form was open for too long, or came from \
                     another window. Please check your entries and send them again.",
    },
    page: Page {
        skip: "Skip to the content",
        waits_for: |address| format!("A request waits for {address}"),
        why_code: |service| {
            format!(
                "{service} shows it to the owner of this address only. \
                 Have a code sent to the address, then enter it here."
            )
        },
        send_code: "Send the code",
        send_code_again: "Send another code",
        code_sent: |address| {
            format!(
                "If a code may be sent now, it is on its way to {address}. It can take a minute."
            )
        },
        code: "Code from the mail",
        code_help: "Six digits, good for 15 minutes.",
        wrong_code: |left| match left {
            0 => "The code is wrong, and no code is good any more. Please have another one sent."
                .to_owned(),
            _ => format!("The code is wrong. Tries left: {left}."),
        },
        check_code: "Check the code",
        receipt: "Your vote is recorded",
        request: "Request",
        still_open: "The request is still open.",
        change: "Change my vote",
        may_change: "You can change your vote until the request is decided.",
        nothing_to_do: "There is nothing left for you to do.",
        closed: "This request is closed",
        reason: "Reason",
        expired: "This link has expired",
        expired_why: |address| {
            format!("A fresh link can be sent. It goes to {address} and to nobody else.")
        },
        renew: "Send a fresh link",
        link_sent: |address| {
            format!(
                "If a link may be sent now, it is on its way to {address}. It can take a minute."
            )
        },
    },
    mailbox: Mailbox {
        title: "Development mailbox",
        about: "No mail server is set up: every mail lands here instead of being sent.",
        empty: "No mail yet.",
        from: "From",
        to: "To",
        subject: "Subject",
        no_subject: "(no subject)",
        older: "Older mails",
        back: "All mails",
        headers: "Headers",
        text: "Text part",
        html: "HTML part",
        raw: "Raw bytes",
    },
    mail: MailTexts {
        request_subject: |title| format!("Please decide: {title}"),
        request: |who| format!("{who} asks for your decision."),
        renewed: "This link replaces the earlier link.",
        page_only: |count| format!("Shown on the page only: {count} more."),
        button: "Review and decide",
        address: "Or open this address:",
        careful: "Opening the link decides nothing. It is meant for you: please do not forward it.",
        not_needed_subject: |title| format!("No longer needed: {title}"),
        not_needed: "Your vote is no longer needed. There is nothing left for you to do.",
        code_subject: |service| format!("Your code for {service}"),
        code: "Your code:",
        code_limit: "It is good for 15 minutes. If you did not ask for it, ignore this mail and \
                     give the code to nobody.",
        receipt_subject: |title| format!("Your vote: {title}"),
        receipt: "Your vote is recorded.",
        receipt_not_you: "If you did not vote, open the link of the request at once and tell your \
                          administrator.",
        outcome_subject: |ending, title| format!("{ending}: {title}"),
        result: "Result",
        alert_subject: |title| format!("Needs an administrator: {title}"),
        alert: "A request cannot be decided as it is.",
        alert_reason: "What is wrong",
        foot: |service| format!("Sent by {service}. Replies are not read."),
    },
    refusal,
    wrong,
    trouble,
};

fn as_one_of(what: &str, names: &str) -> String {
    match names {
        "" => what.to_owned(),
        _ => format!("{what} as {names}"),
    }
}

fn silence(result: TimeoutResult) -> Text {
    match result {
        TimeoutResult::Reject => "Without a decision by then, the request is rejected.",
        TimeoutResult::Fail => "Without a decision by then, the step fails.",
        TimeoutResult::Approve => "Without a decision by then, the request is approved.",
        TimeoutResult::Continue => "Without a decision by then, the workflow goes on without one.",
    }
}

fn level(level: Level) -> Text {
    match level {
        Level::Link => "opened the mailed link",
        Level::Code => "entered a code from the mailbox",
        Level::Account => "signed in with an account",
    }
}

fn comment_rule(rule: CommentRule) -> Text {
    match rule {
        CommentRule::Optional | CommentRule::Never => "(optional)",
        CommentRule::OnReject => "(required to reject)",
        CommentRule::OnApprove => "(required to approve)",
        CommentRule::Always => "(required)",
    }
}

fn ending(ending: Ending) -> Text {
    match ending {
        Ending::Open => "Waiting for a decision",
        Ending::Approved => "Approved",
        Ending::ApprovedByTime => "Approved by the time limit",
        Ending::Rejected => "Rejected",
        Ending::OutOfReach => "Rejected: not enough approvals are possible any more",
        Ending::TimedOut => "No decision in time",
        Ending::Withdrawn => "Withdrawn by the requester",
        Ending::Cancelled => "No longer needed",
        Ending::ApprovedByRight => "Approved by an administrator",
        Ending::RejectedByRight => "Rejected by an administrator",
        Ending::Faulted => "Cannot be decided",
    }
}

fn refusal(refusal: &Refusal) -> String {
    let text = match refusal {
        Refusal::Closed(_) => "This request is closed. Nothing has been changed.",
        Refusal::SlotClosed => "You are not asked about this request any more.",
        Refusal::Outdated => {
            "The request has changed since you opened the page. This is how it is now: please \
             check it and decide again."
        }
        Refusal::LevelTooLow(Level::Account) => {
            "This request takes a decision from a signed-in account only."
        }
        Refusal::LevelTooLow(_) => "Please prove first that you read this mailbox.",
        Refusal::NotAsked => "This request asks somebody else.",
        Refusal::NotEntitled => "You may not decide about this request any more.",
        Refusal::Separation => "Who asks for an approval may not give it.",
        Refusal::NoDirectory => {
            "It cannot be checked at the moment whether you may decide. Nothing is lost: please \
             send it again in a few minutes."
        }
        Refusal::Input(_) => "Please check your entries.",
        Refusal::TooOften => "This was tried too often. Please try again later.",
        Refusal::NoCode => "There is no code that is good now. Please have another one sent.",
        Refusal::NotAllowed(_) => "This is not allowed.",
    };
    text.to_owned()
}

fn wrong(wrong: &InputWrong) -> String {
    let text = match wrong {
        InputWrong::Missing => "Something must be chosen or entered here.",
        InputWrong::NotAnOption => "Choose one of the options.",
        InputWrong::NotA(kind) => not_a(*kind),
        InputWrong::TooSmall(least) => return format!("The least is {least}."),
        InputWrong::TooLarge(most) => return format!("The most is {most}."),
        InputWrong::TooShort(least) => return format!("Enter at least {least} characters."),
        InputWrong::TooLong(most) => return format!("Enter at most {most} characters."),
        InputWrong::Pattern => "This does not have the form that is asked for.",
        InputWrong::Unknown => "The form has no such field.",
        InputWrong::Signed => "Somebody has signed other values. They cannot be changed.",
    };
    text.to_owned()
}

fn not_a(kind: FieldKind) -> Text {
    match kind {
        FieldKind::Text => "Enter one line of text.",
        FieldKind::Multiline => "Enter text.",
        FieldKind::Integer => "Enter a whole number, like 12.",
        FieldKind::Number => "Enter a number, like 12.5.",
        FieldKind::Boolean => "Choose yes or no.",
        FieldKind::Date => "Enter a date, like 2026-11-27.",
        FieldKind::Email => "Enter a mail address, like anna@example.org.",
        FieldKind::Choice => "Choose one of the options.",
    }
}

fn trouble(what: Trouble) -> [Text; 2] {
    match what {
        Trouble::NotFound => [
            "This address leads nowhere",
            "Some mail programs break long addresses. Please copy the whole link from the mail.",
        ],
        Trouble::TooMany => [
            "Too many requests",
            "Please wait a minute, then open the link again. Nothing is lost.",
        ],
        Trouble::TooLarge => [
            "Too much was sent",
            "Nothing has been recorded. Please go back, shorten your entries and send them again.",
        ],
        Trouble::Unavailable => [
            "Not available at the moment",
            "Nothing has been recorded. Please try again in a few minutes.",
        ],
        Trouble::Forbidden => [
            "This was not accepted",
            "The form did not come from this page. Please open the link from the mail again.",
        ],
        Trouble::NoKey => [
            "This page needs its key",
            "Please open the address that the server printed when it began. The key is in it.",
        ],
        Trouble::Method => [
            "This cannot be done here",
            "Please open the link from the mail again.",
        ],
        Trouble::Form => [
            "The form could not be read",
            "Nothing has been recorded. Please open the link from the mail again.",
        ],
    }
}
