//! Arguments of the verbs that have a workflow carried out again.

use clap::Args;

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
