//! Arguments of the verbs that are about runs which are there: which ones, and what to do to them.

use clap::Args;
use usher_api::duration::parse_duration_ms;

use super::{Namespace, Output};

/// One workflow.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct OneArgs {
    /// Name or uid of the workflow, `@latest` for the newest
    #[arg(value_name = "WORKFLOW")]
    pub(in crate::cli) workflow: String,
    /// Where it is.
    #[command(flatten)]
    pub(in crate::cli) namespace: Namespace,
}

/// Some workflows.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct NamesArgs {
    /// Names or uids of workflows, `@latest` for the newest
    #[arg(required = true, value_name = "WORKFLOW")]
    pub(in crate::cli) workflows: Vec<String>,
    /// Where they are.
    #[command(flatten)]
    pub(in crate::cli) namespace: Namespace,
}

/// `wait`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct WaitArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) names: NamesArgs,
    /// Do not mind workflows that are not there
    #[arg(long)]
    pub(in crate::cli) ignore_not_found: bool,
}

/// `resume`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ResumeArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) names: NamesArgs,
    /// Only waiting steps with these fields: displayName=approve,phase=Running
    #[arg(long, value_name = "FIELD=VALUE", value_parser = nodes)]
    pub(in crate::cli) node_field_selector: Option<String>,
}

/// `stop`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct StopArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) names: NamesArgs,
    /// Message of the waiting steps that are stopped
    #[arg(long)]
    pub(in crate::cli) message: Option<String>,
    /// Only fail waiting steps with these fields: displayName=approve
    #[arg(long, value_name = "FIELD=VALUE", value_parser = nodes)]
    pub(in crate::cli) node_field_selector: Option<String>,
}

/// Which workflows, by what they are.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct Which {
    /// Only those in these phases, separated by commas
    #[arg(long, value_name = "PHASE", value_delimiter = ',', value_parser = PHASES)]
    pub(in crate::cli) status: Vec<String>,
    /// Only those that have ended
    #[arg(long)]
    pub(in crate::cli) completed: bool,
    /// Only those whose names begin so
    #[arg(long)]
    pub(in crate::cli) prefix: Option<String>,
    /// Only those that ended longer ago than this: 1h, 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) older: Option<i64>,
    /// Only those with these labels
    #[arg(short = 'l', long, value_name = "SELECTOR", value_parser = labels)]
    pub(in crate::cli) selector: Option<String>,
}

/// Argo's phases of workflows.
const PHASES: [&str; 5] = ["Pending", "Running", "Succeeded", "Failed", "Error"];

/// `list`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ListArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) which: Which,
    /// Only those that run
    #[arg(long, conflicts_with = "completed")]
    pub(in crate::cli) running: bool,
    /// Only those submitted within this time: 1h, 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) since: Option<i64>,
    /// Of all namespaces
    #[arg(short = 'A', long)]
    pub(in crate::cli) all_namespaces: bool,
    /// Where they are.
    #[command(flatten)]
    pub(in crate::cli) namespace: Namespace,
    /// What to print
    #[arg(short = 'o', long, value_enum)]
    pub(in crate::cli) output: Option<Output>,
    /// Print no line of headings
    #[arg(long)]
    pub(in crate::cli) no_headers: bool,
}

/// `get`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct GetArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) names: NamesArgs,
    /// What to print
    #[arg(short = 'o', long, value_enum)]
    pub(in crate::cli) output: Option<Output>,
    /// Only nodes in this phase
    #[arg(long, value_name = "PHASE", conflicts_with = "node_field_selector")]
    pub(in crate::cli) status: Option<String>,
    /// Only nodes with these fields
    #[arg(long, value_name = "FIELD=VALUE", value_parser = nodes)]
    pub(in crate::cli) node_field_selector: Option<String>,
}

/// `logs`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct LogsArgs {
    /// Name or uid of the workflow, `@latest` for the newest
    #[arg(value_name = "WORKFLOW")]
    pub(in crate::cli) workflow: String,
    /// One step only: its id, name, short name or pod name
    #[arg(value_name = "STEP")]
    pub(in crate::cli) node: Option<String>,
    /// Go on until the workflow has ended
    #[arg(short = 'f', long)]
    pub(in crate::cli) follow: bool,
    /// Only the last lines of each step
    #[arg(long, value_name = "LINES")]
    pub(in crate::cli) tail: Option<usize>,
    /// Only steps that wrote something within this time: 10m, 2h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) since: Option<i64>,
    /// Only lines that contain this text
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) grep: Option<String>,
    /// Where it is.
    #[command(flatten)]
    pub(in crate::cli) namespace: Namespace,
}

/// `delete`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct DeleteArgs {
    /// Names or uids of workflows, `@latest` for the newest
    #[arg(value_name = "WORKFLOW")]
    pub(in crate::cli) workflows: Vec<String>,
    /// All workflows of the namespace
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) which: Which,
    /// Say what would be deleted
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Where they are.
    #[command(flatten)]
    pub(in crate::cli) namespace: Namespace,
}

fn duration(text: &str) -> Result<i64, String> {
    match parse_duration_ms(text) {
        Ok(ms) if ms >= 0 => Ok(ms),
        Ok(_) => Err("a duration in the past is meant; write it without a sign".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn labels(text: &str) -> Result<String, String> {
    crate::server::filter::Labels::parse(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

pub(in crate::cli) fn nodes(text: &str) -> Result<String, String> {
    usher_api::selector::Selector::parse(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}
