//! Retry: attempts until one ends well or the strategy gives up (argo.md §7).

use serde_json::{Value, json};
use usher_core::event::Event;

use crate::script::{Script, stop};

fn retried(strategy: Value) -> Value {
    let mut template = crate::script::pod("p");
    template["retryStrategy"] = strategy;
    json!({"entrypoint": "p", "templates": [template]})
}

/// `limit` counts the attempts after the first.
#[test]
fn a_limit_of_one_means_two_attempts() {
    let mut script = Script::of(retried(json!({"limit": 1})));
    script.shows(&["= Running", "w Retry Running", "w(0) Pod Starting"]);
    script.ends("w(0)", 1).ends("w(1)", 2).shows(&[
        "= Failed: No more retries left",
        "w Retry Failed: No more retries left",
        "w(0) Pod Failed: main: Error (exit code 1)",
        "w(1) Pod Failed: main: Error (exit code 2)",
    ]);
    assert_eq!(script.run().nodes[0].exit_code, Some(2));
}

/// The first wait is `duration`, each later one `factor` times as long, none longer than `cap`,
/// counted from the end of the attempt.
#[test]
fn waits_grow() {
    let backoff = json!({"duration": "2", "factor": 3, "cap": "10"});
    let mut script = Script::of(retried(json!({"limit": 5, "backoff": backoff})));
    let mut waits = Vec::new();
    for attempt in 0..4 {
        script.wait(1).ends(&format!("w({attempt})"), 1);
        let due_ms = script.run().next_due_ms().expect("it waits");
        let wait_ms = due_ms - script.run().head.clock_ms;
        waits.push(wait_ms);
        script.wait(wait_ms / 1_000).rings(Some("w"));
    }
    assert_eq!(waits, [2_000, 6_000, 10_000, 10_000]);
}

/// A wait shows its length, and an early timer changes nothing.
#[test]
fn a_wait_is_a_wait() {
    let mut script = Script::of(retried(json!({"limit": 1, "backoff": {"duration": "2"}})));
    let waiting = [
        "= Running",
        "w Retry BackingOff: Backoff for 2 seconds",
        "w(0) Pod Failed: main: Error (exit code 1)",
    ];
    script.ends("w(0)", 1).shows(&waiting);
    script.wait(1).rings(Some("w")).shows(&waiting);
    script.wait(1).rings(Some("w")).shows(&[
        "= Running",
        "w Retry Running",
        "w(0) Pod Failed: main: Error (exit code 1)",
        "w(1) Pod Starting",
    ]);
}

#[test]
fn waits_are_spelled_out() {
    let shown = |duration: &str| {
        let strategy = json!({"limit": 1, "backoff": {"duration": duration}});
        let mut script = Script::of(retried(strategy));
        script.ends("w(0)", 1);
        script.run().nodes[0].message.clone()
    };
    assert_eq!(shown("1m30s"), "Backoff for 1 minutes 30 seconds");
    assert_eq!(
        shown("1d1s"),
        "Backoff for 1 days 0 hours 0 minutes 1 seconds"
    );
}

/// Without a limit the wait is skipped: a habit of Argo's that files may count on.
#[test]
fn no_limit_no_wait() {
    let mut script = Script::of(retried(json!({"backoff": {"duration": "10m"}})));
    script.ends("w(0)", 1).ends("w(1)", 0).shows(&[
        "= Succeeded",
        "w Retry Succeeded",
        "w(0) Pod Failed: main: Error (exit code 1)",
        "w(1) Pod Succeeded",
    ]);
}

/// `maxDuration` counts from the first attempt's start. A wait beyond it is not begun, an attempt
/// after it is the last, and it is the deadline of every attempt but the first.
#[test]
fn max_duration_ends_it() {
    let strategy = |duration: &str, max: &str| {
        let backoff = json!({"duration": duration, "maxDuration": max});
        json!({"limit": 5, "backoff": backoff})
    };
    let mut script = Script::of(retried(strategy("2m", "1m")));
    let far = "Backoff would exceed max duration limit";
    script.ends("w(0)", 3).shows(&[
        &format!("= Failed: {far}"),
        &format!("w Retry Failed: {far}"),
        "w(0) Pod Failed: main: Error (exit code 3)",
    ]);
    let mut script = Script::of(retried(strategy("1", "5")));
    script.starts("w(0)");
    assert_eq!(script.run().next_due_ms(), None);
    script.wait(6).ends("w(0)", 3).shows(&[
        "= Failed: Max duration limit exceeded",
        "w Retry Failed: Max duration limit exceeded",
        "w(0) Pod Failed: main: Error (exit code 3)",
    ]);
    let mut script = Script::of(retried(strategy("1", "5")));
    script
        .ends("w(0)", 3)
        .wait(1)
        .rings(Some("w"))
        .starts("w(1)");
    assert_eq!(
        script.run().next_due_ms(),
        Some(crate::script::START_MS + 5_000)
    );
}

/// Which ends are tried again.
#[test]
fn policies_choose() {
    let attempts = |policy: &str, lost: bool| {
        let mut script = Script::of(retried(json!({"limit": 1, "retryPolicy": policy})));
        if lost {
            let reason = "attempt lost".to_owned();
            script.give(Event::PodLost {
                node: 1,
                launch: 1,
                reason,
            });
        } else {
            script.ends("w(0)", 1);
        }
        script.run().nodes.len() - 1
    };
    let tried = |policy: &str| (attempts(policy, false), attempts(policy, true));
    assert_eq!(tried("Always"), (2, 2));
    assert_eq!(tried("OnFailure"), (2, 1));
    assert_eq!(tried("OnError"), (1, 2));
    assert_eq!(tried("OnTransientError"), (1, 1));
}

/// Whole templates are tried again under new names, and a stop ends the waiting.
#[test]
fn a_stop_ends_the_wait() {
    let mut script = Script::of(retried(json!({"limit": 5, "backoff": {"duration": "1h"}})));
    script.ends("w(0)", 1).asks(stop()).shows(&[
        "= Failed: Stopped with strategy 'Stop'",
        "w Retry Failed: Stopped with strategy 'Stop'",
        "w(0) Pod Failed: main: Error (exit code 1)",
    ]);
}
