//! Arguments of the verbs that set an installation up and look it over: `config`, `people`, `keys`
//! and `doctor`.

use clap::{Args, Subcommand, ValueEnum};

/// `config`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ConfigArgs {
    /// What to do with the configuration.
    #[command(subcommand)]
    pub(in crate::cli) verb: ConfigVerb,
}

/// What to do with the configuration.
#[derive(Debug, Clone, Subcommand)]
pub(in crate::cli) enum ConfigVerb {
    /// Print every value and where it comes from
    Show {
        /// What to print
        #[arg(short = 'o', long, value_enum)]
        output: Option<ShowForm>,
    },
}

/// Form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ShowForm {
    /// JSON.
    Json,
}

/// `people`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct PeopleArgs {
    /// What to do with the people file.
    #[command(subcommand)]
    pub(in crate::cli) verb: PeopleVerb,
}

/// What to do with the people file.
#[derive(Debug, Clone, Subcommand)]
pub(in crate::cli) enum PeopleVerb {
    /// Find every fault of the people file; print one to begin with if there is none
    Check,
    /// Show who would be asked
    Who {
        /// A group, a role, a person's id or an address
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// `keys`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct KeysArgs {
    /// What to do with the keys of links.
    #[command(subcommand)]
    pub(in crate::cli) verb: KeysVerb,
}

/// What to do with the keys of links.
#[derive(Debug, Clone, Subcommand)]
pub(in crate::cli) enum KeysVerb {
    /// List the keys by number, and until when links under them are good
    List,
    /// Make a new key; new links are made with it, old ones stay good
    Add,
    /// Drop a key that no good link needs any more
    Retire {
        /// The key's number
        #[arg(value_name = "N")]
        number: u8,
        /// Even if links under it are good: they are dead then, and mailed anew
        #[arg(long)]
        force: bool,
    },
}

/// `doctor`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct DoctorArgs {
    /// Something to be tried.
    #[command(subcommand)]
    pub(in crate::cli) verb: Option<DoctorVerb>,
}

/// What is to be tried.
#[derive(Debug, Clone, Subcommand)]
pub(in crate::cli) enum DoctorVerb {
    /// Send one mail, and explain what keeps it from being sent
    Mail {
        /// To whom
        #[arg(long, value_name = "ADDRESS")]
        to: String,
    },
}
