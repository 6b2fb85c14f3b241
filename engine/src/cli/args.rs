//! What can be typed: verbs and flags, named as `argo` names them where it has them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::submit::parameter;

mod again;
mod approvals;
mod node;
mod select;
mod setup;

pub(super) use again::{ResubmitArgs, RetryArgs, Stay};
pub(super) use approvals::{
    ApprovalsArgs, ApprovalsVerb, BounceArgs, Choice, DecideArgs, DemoArgs, Form, ListTasksArgs,
    Which as WhichTasks,
};
pub(super) use node::{NodeArgs, NodePhase, NodeSetArgs, NodeVerb};
pub(super) use select::{
    DeleteArgs, GetArgs, ListArgs, LogsArgs, NamesArgs, OneArgs, ResumeArgs, StopArgs, WaitArgs,
    Which,
};
pub(super) use setup::{
    ConfigArgs, ConfigVerb, DoctorArgs, DoctorVerb, KeysArgs, KeysVerb, PeopleArgs, PeopleVerb,
    ShowForm,
};

/// Runs workflows written for Argo Workflows.
#[derive(Debug, Parser)]
#[command(
    name = "usher",
    version,
    about = "Runs workflows written for Argo Workflows on this machine",
    after_help = "First steps:\n  usher run FILE       run a workflow and watch it\n  \
                  usher get @latest    see how the newest run went\n  \
                  usher lint FILE      see what is wrong with a file\n\n\
                  Exit codes: 0 done, 1 failed or refused, 2 invalid input, 3 waiting \
                  (with --exit-when-waiting).",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(super) struct Cli {
    /// For every verb.
    #[command(flatten)]
    pub(super) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// Flags of every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Directory of the ledger and the logs [default: $USHER_STATE, else $XDG_STATE_HOME/usher or
    /// ~/.local/state/usher]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
    /// File of settings [default: $USHER_CONFIG, else usher.toml in the state directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// A setting of that file, such as mail.host=smtp.example.org; `usher config show` lists them
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = parameter)]
    pub(super) set: Vec<(String, String)>,
    /// Form of the program's own log, which goes to stderr; USHER_LOG says how much of it
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub(super) log_format: LogFormat,
    /// Show times in UTC
    #[arg(long, global = true)]
    pub(super) utc: bool,
    /// Use no colours (as does NO_COLOR)
    #[arg(long, global = true)]
    pub(super) no_color: bool,
    /// Use no characters beyond ASCII for the tree
    #[arg(long, global = true)]
    pub no_utf8: bool,
    /// How many processes an engine started here runs at a time [default: 2 per core]
    #[arg(long, global = true, value_name = "N", value_parser = at_least_one())]
    pub(super) processes: Option<u32>,
    /// Commit without waiting for the disk: a power cut may lose the last commits
    #[arg(long, global = true, hide_short_help = true)]
    pub(super) power_cut_may_lose_commits: bool,
    /// A run that only waits for this long goes to sleep.
    #[arg(long, global = true, hide = true)]
    pub(super) sleep_after_ms: Option<u32>,
    /// Time between SIGTERM and SIGKILL.
    #[arg(long, global = true, hide = true)]
    pub(super) grace_ms: Option<u32>,
    /// A background engine ends when nothing has needed it for this long.
    #[arg(long, global = true, hide = true)]
    pub(super) idle_after_ms: Option<u32>,
}

impl Global {
    /// The state directory that was named, by flag or environment.
    #[must_use]
    pub(super) fn named_state(&self) -> Option<PathBuf> {
        let variable = std::env::var_os("USHER_STATE").filter(|value| !value.is_empty());
        self.state.clone().or_else(|| variable.map(PathBuf::from))
    }
}

/// Form of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run workflows and watch them to their end
    Run(RunArgs),
    /// Be the engine for the other commands, until SIGTERM or Ctrl-C
    Server(ServerArgs),
    /// Submit workflows; an engine in the background runs them
    Submit(SubmitArgs),
    /// List workflows, the newest first
    List(ListArgs),
    /// Show workflows
    Get(GetArgs),
    /// Watch a workflow until it ends
    Watch(OneArgs),
    /// Print what the steps of a workflow wrote
    Logs(LogsArgs),
    /// Wait until workflows have ended; exit 1 if one failed
    Wait(WaitArgs),
    /// Go on with a workflow as `run` does
    Attach(AttachArgs),
    /// Let workflows begin no further steps
    Suspend(NamesArgs),
    /// Let suspended workflows or waiting steps go on
    Resume(ResumeArgs),
    /// Set phase, message and output parameters of waiting steps
    Node(NodeArgs),
    /// End workflows; their exit handlers still run
    Stop(StopArgs),
    /// End workflows at once, without exit handlers
    Terminate(NamesArgs),
    /// Let workflows that failed go on: what failed is carried out again, what succeeded stays
    Retry(RetryArgs),
    /// Submit what workflows carried out again, as new workflows
    Resubmit(ResubmitArgs),
    /// Delete workflows with their logs
    Delete(DeleteArgs),
    /// Requests for approval: list, show, decide, audit …
    Approvals(ApprovalsArgs),
    /// Print the address that opens the development mailbox
    Mailbox,
    /// See an approval from the mail to the release, with nothing installed
    Demo(DemoArgs),
    /// Find every fault of workflow files
    Lint(LintArgs),
    /// Explain the code of a fault
    Explain(ExplainArgs),
    /// Show who can be asked for approval, and what is wrong with the people file
    People(PeopleArgs),
    /// List, add and retire the keys that links are made with
    Keys(KeysArgs),
    /// Show every setting and where it comes from
    Config(ConfigArgs),
    /// See whether everything here works
    Doctor(DoctorArgs),
    /// Check or back up the ledger
    Db(DbArgs),
    /// Print the completion script of a shell
    Completion(CompletionArgs),
    /// Print the version
    Version,
}

/// The namespace that a verb works in.
#[derive(Debug, Clone, Args)]
pub(super) struct Namespace {
    /// Namespace [default: default]
    #[arg(short = 'n', long = "namespace", value_name = "NAMESPACE")]
    pub(super) namespace: Option<String>,
}

impl Namespace {
    /// The one to work in.
    #[must_use]
    pub(super) fn or_default(&self) -> String {
        self.namespace
            .clone()
            .unwrap_or_else(|| super::submit::NAMESPACE.to_owned())
    }
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// More columns.
    Wide,
    /// Less of it.
    Short,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Names alone.
    Name,
}

/// Files with workflows and what to change in them.
#[derive(Debug, Clone, Args)]
pub(super) struct Source {
    /// Files with one or more workflows each, `-` for stdin
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Value of an input parameter
    #[arg(short = 'p', long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) parameters: Vec<(String, String)>,
    /// YAML or JSON file with values of input parameters; -p wins
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(super) parameter_file: Vec<PathBuf>,
    /// Name of the workflow
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Beginning of a name to be made
    #[arg(long, value_name = "PREFIX")]
    pub(super) generate_name: Option<String>,
    /// Template to begin with
    #[arg(long, value_name = "TEMPLATE")]
    pub(super) entrypoint: Option<String>,
    /// Labels to add, separated by commas
    #[arg(short = 'l', long, value_name = "KEY=VALUE", value_delimiter = ',',
          value_parser = parameter)]
    pub(super) labels: Vec<(String, String)>,
    /// Service account; kept, without effect here
    #[arg(long, value_name = "NAME")]
    pub(super) serviceaccount: Option<String>,
    /// Priority; kept, without effect here
    #[arg(long, allow_negative_numbers = true)]
    pub(super) priority: Option<i64>,
    /// Where it runs.
    #[command(flatten)]
    pub(super) namespace: Namespace,
}

/// `run`.
#[derive(Debug, Clone, Args)]
pub(super) struct RunArgs {
    /// What to run.
    #[command(flatten)]
    pub(super) source: Source,
    /// Do not watch: the run goes on in the background
    #[arg(short = 'd', long)]
    pub(super) detach: bool,
    /// End with exit code 3 when only a person or a time will move the run on
    #[arg(long, conflicts_with = "detach")]
    pub(super) exit_when_waiting: bool,
    /// Print only the finished object, or the name
    #[arg(short = 'o', long, value_enum)]
    pub(super) output: Option<Output>,
}

/// `attach`.
#[derive(Debug, Clone, Args)]
pub(super) struct AttachArgs {
    /// Which.
    #[command(flatten)]
    pub(super) one: OneArgs,
    /// End with exit code 3 when only a person or a time will move the run on
    #[arg(long)]
    pub(super) exit_when_waiting: bool,
    /// Print only the finished object
    #[arg(short = 'o', long, value_enum)]
    pub(super) output: Option<Output>,
}

/// `submit`.
#[derive(Debug, Clone, Args)]
pub(super) struct SubmitArgs {
    /// What to submit.
    #[command(flatten)]
    pub(super) source: Source,
    /// What to do until it has ended.
    #[command(flatten)]
    pub(super) stay: Stay,
    /// Check and print it, but do not submit it
    #[arg(long)]
    pub(super) dry_run: bool,
    /// What to print
    #[arg(short = 'o', long, value_enum)]
    pub(super) output: Option<Output>,
}

/// `server`.
#[derive(Debug, Clone, Args)]
pub(super) struct ServerArgs {
    /// Leave the session, and end when no run needs an engine.
    #[arg(long, hide = true)]
    pub(super) background: bool,
    /// In the background: stay while another process is the engine, to take over from it.
    #[arg(long, hide = true, requires = "background")]
    pub(super) heir: bool,
}

/// `lint`.
#[derive(Debug, Clone, Args)]
pub(super) struct LintArgs {
    /// Files, folders of .yaml, .yml and .json files, or `-` for stdin
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// `json` prints a list of faults and warnings, also when it is empty
    #[arg(short = 'o', long, value_enum)]
    pub(super) output: Option<Form>,
}

/// `explain`.
#[derive(Debug, Clone, Args)]
pub(super) struct ExplainArgs {
    /// A code such as WF-0201, or its name; `all` lists them
    pub(super) code: String,
}

/// `db`.
#[derive(Debug, Clone, Args)]
pub(super) struct DbArgs {
    /// What to do with the ledger.
    #[command(subcommand)]
    pub(super) verb: DbVerb,
}

/// What to do with the ledger.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum DbVerb {
    /// Look the ledger over; exit 1 if something is wrong
    Check {
        /// Compare every index with its table, too
        #[arg(long)]
        full: bool,
    },
    /// Copy the ledger to a new file, also while an engine works
    Backup {
        /// The new file
        file: PathBuf,
    },
}

/// `completion`.
#[derive(Debug, Clone, Args)]
pub(super) struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

fn at_least_one() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}
