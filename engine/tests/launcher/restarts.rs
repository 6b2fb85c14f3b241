//! Deaths of engines, launchers and machines: what goes on, what is lost, what is left alone.

use std::os::unix::process::CommandExt;
use std::time::Duration;

use usher::adapters::process::{News, State};

use crate::rig::{Home, LONG, Process, key};

const LAUNCHER_DIED: &str = "attempt lost: its launcher died";
const REBOOTED: &str = "attempt lost: the machine was started anew";

/// A step with a child in its group and one outside, each named on the pipe.
const FAMILY: &str = "sleep 1000 & echo $! > $PIPE; setsid sleep 1000 & echo $! > $PIPE; wait";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_killed_launcher_loses_its_steps_and_leaves_none() {
    let home = Home::new();
    let mut pipe = home.pipe();
    let mut engine = home.engine().await;
    engine.processes.launch(home.command(&key(1), &["false"]));
    let exit = engine.exit(&key(1)).await;
    engine.processes.launch(home.shell(&key(2), FAMILY));
    let leader = engine.start(&key(2)).await;
    let family = [pipe.process(), pipe.process()];
    let before = engine.met.clone();
    engine.launcher().kill();
    let News::Disconnected { .. } = engine.next().await else {
        panic!("no word of the loss")
    };
    engine.meet().await;
    assert_ne!(engine.met.launcher_id, before.launcher_id);
    assert_eq!(engine.met.boot_id, before.boot_id);
    // The exit was not released: the new launcher still has it from the journal.
    engine.met.inventory.sort_by(|a, b| a.0.cmp(&b.0));
    let lost = State::Lost {
        reason: LAUNCHER_DIED.to_owned(),
    };
    let expected = [(key(1), State::Exited(exit)), (key(2), lost)];
    assert_eq!(engine.met.inventory, expected);
    assert_eq!(engine.loss(&key(2)).await, LAUNCHER_DIED);
    for process in family.iter().chain([&leader]) {
        assert!(process.ends_within(LONG), "{} still lives", process.pid);
    }
    engine.processes.release(key(1));
    engine.processes.release(key(2));
    engine.processes.launch(home.command(&key(3), &["true"]));
    assert_eq!(engine.exit(&key(3)).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_the_deaths_of_both_the_next_engine_hears_of_the_loss() {
    let home = Home::new();
    let mut engine = home.engine().await;
    engine
        .processes
        .launch(home.shell(&key(1), "exec sleep 1000"));
    let leader = engine.start(&key(1)).await;
    let launcher = engine.launcher();
    drop(engine);
    launcher.kill();
    let mut engine = home.engine().await;
    assert_eq!(engine.loss(&key(1)).await, LAUNCHER_DIED);
    assert!(leader.ends_within(LONG));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn steps_outlive_their_engine_and_ends_are_told_until_released() {
    let home = Home::new();
    let mut pipe = home.pipe();
    let engine = home.engine().await;
    let launcher_id = engine.met.launcher_id.clone();
    let line = "echo $$ > $PIPE; while ! test -e go; do sleep 0.02; done; exit 5";
    let launch = home.shell(&key(1), line);
    let go = launch.cwd.join("go");
    engine.processes.launch(launch);
    let step = pipe.process();
    drop(engine);
    let engine = home.engine().await;
    assert_eq!(engine.met.launcher_id, launcher_id);
    let [(_, State::Running { pid, .. })] = engine.met.inventory[..] else {
        panic!()
    };
    assert_eq!(pid, step.pid);
    drop(engine);
    // It ends while nobody listens.
    std::fs::write(go, "").unwrap();
    assert!(step.ends_within(LONG));
    let mut first = home.engine().await;
    let exit = first.exit(&key(1)).await;
    assert_eq!(exit.code, Some(5));
    drop(first);
    let mut second = home.engine().await;
    assert_eq!(second.exit(&key(1)).await, exit);
    second.processes.release(key(1));
    second.processes.query(vec![key(1)]);
    assert_eq!(second.next().await, News::Unknown { key: key(1) });
    drop(second);
    let third = home.engine().await;
    assert_eq!(third.met.launcher_id, launcher_id);
    assert_eq!(third.met.inventory, []);
}

/// Starts a sleeper, kills the launcher, edits its journal, and answers the sleeper.
async fn after_an_edit(home: &Home, edit: impl Fn(&str) -> String) -> Process {
    let mut engine = home.engine().await;
    engine
        .processes
        .launch(home.shell(&key(1), "exec sleep 1000"));
    let leader = engine.start(&key(1)).await;
    let launcher = engine.launcher();
    drop(engine);
    launcher.kill();
    let before = std::fs::read_to_string(home.journal()).unwrap();
    let after = edit(&before);
    assert_ne!(before, after, "the edit changes nothing");
    std::fs::write(home.journal(), after).unwrap();
    leader
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_another_boot_nothing_is_killed() {
    let home = Home::new();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let edit = |journal: &str| journal.replace(boot.trim(), "an-earlier-boot");
    let leader = after_an_edit(&home, edit).await;
    let mut engine = home.engine().await;
    assert_eq!(engine.loss(&key(1)).await, REBOOTED);
    assert!(leader.lives());
    leader.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_process_that_got_the_number_of_another_is_left_alone() {
    let home = Home::new();
    let mut child = std::process::Command::new("sleep")
        .arg("1000")
        .process_group(0)
        .spawn()
        .unwrap();
    let innocent = Process::new(child.id().try_into().unwrap());
    let edit = |journal: &str| {
        let edited = journal.lines().map(|line| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(started) = line.get_mut("started") {
                started["pid"] = innocent.pid.into();
                // Both may have begun in the same hundredth of a second here.
                started["start_ticks"] = 1.into();
            }
            format!("{line}\n")
        });
        edited.collect()
    };
    let leader = after_an_edit(&home, edit).await;
    let mut engine = home.engine().await;
    assert_eq!(engine.loss(&key(1)).await, LAUNCHER_DIED);
    assert!(innocent.lives());
    innocent.kill();
    child.wait().unwrap();
    // Its own process was found by its environment.
    assert!(leader.ends_within(LONG));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_intent_whose_start_was_not_journalled_is_lost_and_its_process_ended() {
    let home = Home::new();
    let edit = |journal: &str| {
        let kept = journal
            .lines()
            .filter(|line| !line.starts_with("{\"started\""));
        let mut text = kept.collect::<Vec<_>>().join("\n");
        text.push_str("\n{\"started\":{\"key\":{\"ru");
        text
    };
    let leader = after_an_edit(&home, edit).await;
    let mut engine = home.engine().await;
    assert_eq!(engine.loss(&key(1)).await, LAUNCHER_DIED);
    assert!(leader.ends_within(LONG));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_launcher_ends_when_it_is_not_needed_and_not_before() {
    let home = Home::new();
    let mut engine = home.engine().await;
    let launcher = engine.launcher();
    engine.processes.launch(home.command(&key(1), &["true"]));
    engine.exit(&key(1)).await;
    drop(engine);
    // The end waits to be told: longer than the two seconds of an idle one.
    assert!(!launcher.ends_within(Duration::from_secs(3)));
    let mut engine = home.engine().await;
    assert_eq!(engine.met.launcher_pid, launcher.pid);
    engine.exit(&key(1)).await;
    engine.processes.release(key(1));
    drop(engine);
    assert!(launcher.ends_within(LONG));
    assert!(!home.launcher().join("sock").exists());
    assert_ne!(home.engine().await.met.launcher_pid, launcher.pid);
}

/// Goal: who removes the launcher's directory does not bring about a second start.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_launch_whose_record_is_gone_is_lost_and_not_started_again() {
    let home = Home::new();
    let mut engine = home.engine().await;
    let line = "echo once >> $PIPE.marks; exec sleep 1000";
    engine.processes.launch(home.shell(&key(1), line));
    let leader = engine.start(&key(1)).await;
    let launcher = engine.launcher();
    drop(engine);
    std::fs::remove_dir_all(home.launcher()).unwrap();
    let mut engine = home.engine().await;
    assert_eq!(engine.met.inventory, []);
    engine.processes.launch(home.shell(&key(1), line));
    let reason = "attempt lost: it was started before, and its record is gone";
    assert_eq!(engine.loss(&key(1)).await, reason);
    // The loss is told when the process is gone, whether its launcher has noticed or not.
    assert!(!leader.lives());
    engine.processes.launch(home.shell(&key(1), line));
    assert_eq!(engine.loss(&key(1)).await, reason);
    let marks = std::fs::read_to_string(home.path().join("pipe.marks")).unwrap();
    assert_eq!(marks, "once\n");
    assert!(launcher.ends_within(LONG));
}

/// Goal: the launcher is not a process that nobody can find any more, engine or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_launcher_whose_directory_is_gone_ends_under_its_engine_too() {
    let home = Home::new();
    let mut engine = home.engine().await;
    engine
        .processes
        .launch(home.shell(&key(1), "exec sleep 1000"));
    let (leader, launcher) = (engine.start(&key(1)).await, engine.launcher());
    std::fs::remove_dir_all(home.launcher()).unwrap();
    assert!(launcher.ends_within(LONG) && leader.ends_within(LONG));
    let reason = "attempt lost: its launcher does not know it any more";
    assert_eq!(engine.loss(&key(1)).await, reason);
    engine.processes.launch(home.command(&key(2), &["true"]));
    assert_eq!(engine.exit(&key(2)).await.code, Some(0));
}

/// Goal: a copy of a state directory does not end what runs in the original.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_launcher_of_a_copy_leaves_the_original_alone() {
    let home = Home::new();
    let mut engine = home.engine().await;
    engine
        .processes
        .launch(home.shell(&key(1), "setsid sleep 1000 & exec sleep 1000"));
    let leader = engine.start(&key(1)).await;
    let copy = Home::new();
    std::fs::create_dir(copy.launcher()).unwrap();
    // Its leader's pid and start time are left out: those it may rely on.
    let journal = std::fs::read_to_string(home.journal()).unwrap();
    let intents = journal
        .lines()
        .filter(|line| line.starts_with("{\"intent\""));
    std::fs::write(copy.journal(), intents.collect::<String>() + "\n").unwrap();
    let mut other = copy.engine().await;
    assert_eq!(other.loss(&key(1)).await, LAUNCHER_DIED);
    assert!(leader.lives());
    engine.processes.stop(key(1), 0);
    assert_eq!(engine.exit(&key(1)).await.signal, Some(9));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_launcher_whose_directory_is_gone_takes_its_steps_with_it() {
    let home = Home::new();
    let mut engine = home.engine().await;
    engine
        .processes
        .launch(home.shell(&key(1), "exec sleep 1000"));
    let leader = engine.start(&key(1)).await;
    let launcher = engine.launcher();
    drop(engine);
    std::fs::remove_dir_all(home.path()).unwrap();
    assert!(launcher.ends_within(LONG) && leader.ends_within(LONG));
}

#[tokio::test]
async fn of_engines_at_once_the_newest_is_served() {
    let home = Home::new();
    let (_older, mut old_news) = home.start(Some(1));
    let (newer, mut new_news) = home.start(Some(2));
    let end = async {
        while let Some(news) = old_news.recv().await {
            if news == News::Superseded {
                return;
            }
        }
    };
    tokio::time::timeout(LONG, end)
        .await
        .expect("the older one is still served");
    newer.launch(home.command(&key(1), &["true"]));
    let exited = async {
        loop {
            match new_news.recv().await {
                Some(News::Exited { exit, .. }) => return exit.code,
                Some(News::Superseded) | None => return None,
                Some(_) => {}
            }
        }
    };
    assert_eq!(tokio::time::timeout(LONG, exited).await.unwrap(), Some(0));
}
