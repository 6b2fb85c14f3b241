//! `usher node set`, with the flags of `argo node set`.

use clap::{Args, Subcommand, ValueEnum};

use super::select::{NamesArgs, nodes};
use crate::cli::submit::parameter;

/// `node`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct NodeArgs {
    /// What to do.
    #[command(subcommand)]
    pub(in crate::cli) verb: NodeVerb,
}

/// What can be done with waiting steps.
#[derive(Debug, Clone, Subcommand)]
pub(in crate::cli) enum NodeVerb {
    /// Set phase, message or output parameters of waiting steps; approvals are left to those who
    /// are asked
    Set(NodeSetArgs),
}

/// `node set`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct NodeSetArgs {
    /// Which.
    #[command(flatten)]
    pub(in crate::cli) names: NamesArgs,
    /// Which waiting steps: displayName=approve
    #[arg(long, required = true, value_name = "FIELD=VALUE", value_parser = nodes)]
    pub(in crate::cli) node_field_selector: String,
    /// Phase that ends them
    #[arg(long, value_enum, value_name = "PHASE", ignore_case = true)]
    pub(in crate::cli) phase: Option<NodePhase>,
    /// Their message
    #[arg(short, long)]
    pub(in crate::cli) message: Option<String>,
    /// An output parameter that is to be supplied
    #[arg(short = 'p', long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub(in crate::cli) output_parameter: Vec<(String, String)>,
}

/// Phases that end a waiting step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(in crate::cli) enum NodePhase {
    /// Well.
    Succeeded,
    /// Badly.
    Failed,
    /// In error.
    Error,
}
