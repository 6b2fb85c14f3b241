//! Arguments of the verbs that have a workflow carried out again.

use clap::Args;

use super::select::nodes;
use super::{NamesArgs, Output};
use crate::cli::submit::parameter;

/// What to do until it has ended.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct Stay {
    /// Wait until it has ended
    #[arg(long, conflicts_with_all = ["watch", "log"])]
    pub(in crate::cli) wait: bool,
    /// Watch it until it has ended
    #[arg(long, conflicts_with = "log")]
    pub(in crate::cli) watch: bool,
    /// Print its logs until it has ended
    #[arg(long)]
    pub(in crate::cli) log: bool,
}

/// `retry`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct RetryArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) names: NamesArgs,
    /// Carry out steps again that succeeded: those of --node-field-selector, and what came after
    #[arg(long)]
    pub(in crate::cli) restart_successful: bool,
    /// Steps with these fields: displayName=build
    #[arg(long, value_name = "FIELD=VALUE", value_parser = nodes,
          requires = "restart_successful")]
    pub(in crate::cli) node_field_selector: Option<String>,
    /// Value of an input parameter, in place of what it had
    #[arg(short = 'p', long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(in crate::cli) parameters: Vec<(String, String)>,
    /// What to do until it has ended.
    #[command(flatten)]
    pub(in crate::cli) stay: Stay,
    /// What to print
    #[arg(short = 'o', long, value_enum)]
    pub(in crate::cli) output: Option<Output>,
}

/// `resubmit`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ResubmitArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) names: NamesArgs,
    /// Value of an input parameter, in place of what it had
    #[arg(short = 'p', long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(in crate::cli) parameters: Vec<(String, String)>,
    /// Not supported yet: keep what succeeded
    #[arg(long)]
    pub(in crate::cli) memoized: bool,
    /// What to do until it has ended.
    #[command(flatten)]
    pub(in crate::cli) stay: Stay,
    /// What to print
    #[arg(short = 'o', long, value_enum)]
    pub(in crate::cli) output: Option<Output>,
}
