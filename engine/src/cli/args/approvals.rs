//! Arguments of `approvals`, `mailbox` and `demo`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::super::submit::parameter;

/// `approvals`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ApprovalsArgs {
    /// What to do with requests for approval.
    #[command(subcommand)]
    pub(in crate::cli) verb: ApprovalsVerb,
}

/// What to do with requests for approval.
#[derive(Debug, Clone, Subcommand)]
pub(in crate::cli) enum ApprovalsVerb {
    /// List requests, the newest first
    List(ListTasksArgs),
    /// Show what is asked, of whom, and how it stands
    Show(TaskArgs),
    /// Decide as the person whose account this is
    Decide(DecideArgs),
    /// Mail the request again to who has not decided
    Resend(ResendArgs),
    /// Take back a request that you made
    Withdraw(TaskArgs),
    /// Decide outside the rules; only for accounts that `people.yaml` lists
    Override(OverrideArgs),
    /// Print the record of a request
    Audit(TaskArgs),
    /// Check the chain of records; without a request of all
    Verify(VerifyArgs),
    /// Write the record of a request as JSON or CSV
    Export(ExportArgs),
    /// Take the text of a comment out of the record; its hash stays
    Erase(EraseArgs),
    /// Take in a delivery report: mail that came back (exit code 75: nothing recorded, try again)
    Bounce(BounceArgs),
    /// Tell who you are to the engine
    Whoami(WhoamiArgs),
}

/// Form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Form {
    /// JSON.
    Json,
}

/// Which requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Which {
    /// Those that can still be decided.
    #[default]
    Open,
    /// Those that are over.
    Closed,
    /// All.
    All,
}

/// `approvals list`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ListTasksArgs {
    /// Which requests
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) show: Which,
    /// Only those that ask you
    #[arg(long)]
    pub(in crate::cli) mine: bool,
    /// Only those of this workflow
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) workflow: Option<String>,
    /// Namespace; all unless it is given
    #[arg(short = 'n', long, value_name = "NAMESPACE")]
    pub(in crate::cli) namespace: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(in crate::cli) limit: u32,
    /// What to print
    #[arg(short = 'o', long, value_enum)]
    pub(in crate::cli) output: Option<Form>,
}

/// One request.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct TaskArgs {
    /// The request's id, or its beginning
    #[arg(value_name = "REQUEST")]
    pub(in crate::cli) task: String,
    /// What to print
    #[arg(short = 'o', long, value_enum)]
    pub(in crate::cli) output: Option<Form>,
}

/// For or against.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct Choice {
    /// Agree
    #[arg(long)]
    pub(in crate::cli) approve: bool,
    /// Refuse
    #[arg(long)]
    pub(in crate::cli) reject: bool,
}

/// `approvals decide`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct DecideArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) one: TaskArgs,
    /// What.
    #[command(flatten)]
    pub(in crate::cli) choice: Choice,
    /// Why
    #[arg(short = 'm', long, default_value = "", hide_default_value = true)]
    pub(in crate::cli) comment: String,
    /// Value of a form field
    #[arg(long = "value", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(in crate::cli) values: Vec<(String, String)>,
}

/// `approvals resend`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ResendArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) one: TaskArgs,
    /// Only to this person: an id or an address
    #[arg(long, value_name = "PERSON")]
    pub(in crate::cli) to: Option<String>,
}

/// `approvals override`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct OverrideArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) one: TaskArgs,
    /// What.
    #[command(flatten)]
    pub(in crate::cli) choice: Choice,
    /// Why; everybody who was asked reads it
    #[arg(long)]
    pub(in crate::cli) reason: String,
}

/// `approvals verify`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// The request's id, or its beginning; none for all
    #[arg(value_name = "REQUEST")]
    pub(in crate::cli) task: Option<String>,
}

/// `approvals export`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ExportArgs {
    /// The request's id, or its beginning
    #[arg(value_name = "REQUEST")]
    pub(in crate::cli) task: String,
    /// As CSV, one line an entry; else as JSON
    #[arg(long)]
    pub(in crate::cli) csv: bool,
    /// Into this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) to: Option<PathBuf>,
}

/// `approvals erase`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct EraseArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) one: TaskArgs,
    /// Number of the record's entry
    #[arg(long, value_name = "N")]
    pub(in crate::cli) entry: u32,
}

/// `approvals bounce`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct BounceArgs {
    /// The mail, `-` or nothing for stdin
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The address of its envelope, where the mail server knows it
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) to: Option<String>,
    /// What to print
    #[arg(short = 'o', long, value_enum)]
    pub(in crate::cli) output: Option<Form>,
}

/// `approvals whoami`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct WhoamiArgs {
    /// What to print
    #[arg(short = 'o', long, value_enum)]
    pub(in crate::cli) output: Option<Form>,
}

/// `demo`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct DemoArgs {
    /// Walk the links by itself, over HTTP, instead of waiting for somebody to click
    #[arg(long)]
    pub(in crate::cli) play: bool,
}
