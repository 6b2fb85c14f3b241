//! What a new launcher does about the processes of a dead one.
//!
//! They are not its children, so it cannot learn how they end: they are killed and told as lost.
//! After another boot there are none, and their numbers are other processes'.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::kernel::{kill_all_of, start_ticks, wait_for_ends};
use super::log;
use super::records::{Record, Records};
use super::wire::{Key, State};

/// How long the ends of killed processes are waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a launch of a dead launcher is lost.
pub(super) const LAUNCHER_DIED: &str = "attempt lost: its launcher died";

/// Why a launch of another boot is lost.
pub(super) const REBOOTED: &str = "attempt lost: the machine was started anew";

/// Brings the records that a dead launcher left open to an end.
pub(super) fn recover(records: &mut Records, boot_id: &str, dir: &str) {
    let unended = |record: &Record| matches!(record.state, State::Starting | State::Running { .. });
    let open: Vec<(Key, Record)> = records
        .iter()
        .filter(|(_, record)| unended(record))
        .map(|(key, record)| (key.clone(), record.clone()))
        .collect();
    if open.is_empty() {
        return;
    }
    let deadline = Instant::now() + PATIENCE;
    let of_this_boot = |record: &Record| !boot_id.is_empty() && record.boot_id == boot_id;
    let mut dying = Vec::new();
    let mut keys = HashSet::new();
    for (key, record) in open.iter().filter(|(_, record)| of_this_boot(record)) {
        keys.insert(key.clone());
        dying.extend(kill_group(record));
    }
    if !keys.is_empty() {
        // Also those whose start was not journalled any more, and those that left their group.
        let more = kill_all_of(&keys, dir, PATIENCE);
        let ended = wait_for_ends(&dying, deadline);
        let killed = dying.len() + more;
        log(format_args!(
            "killed {killed} processes of a dead launcher, all ended: {ended}"
        ));
    }
    for (key, record) in open {
        let reason = if of_this_boot(&record) {
            LAUNCHER_DIED
        } else {
            REBOOTED
        };
        records.lost(key, reason.to_owned());
    }
}

/// Kills the group of a leader if it is still that leader.
fn kill_group(record: &Record) -> Option<OwnedFd> {
    let State::Running { pid, .. } = record.state else {
        return None;
    };
    let began = record.start_ticks?;
    let pid = Pid::from_raw(pid).filter(|pid| !pid.is_init())?;
    // The pidfd pins the process before its start time is compared.
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    if start_ticks(pid) != Some(began) {
        return None;
    }
    kill_process_group(pid, Signal::KILL).ok()?;
    Some(pidfd)
}
