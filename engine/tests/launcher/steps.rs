//! What a launcher does with one step: start, bound, end, clean up.

use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};

use usher::adapters::process::{News, cut};

use crate::rig::{Home, LONG, Process, key, look_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_step_runs_in_its_own_place_to_its_end() {
    let home = Home::new();
    let mut engine = home.engine().await;
    let line = "pwd; cat; echo \"$A-$USHER_LAUNCH\"; env | wc -l; echo err >&2; exit 3";
    let mut launch = home.shell(&key(1), line);
    launch.env = vec![
        launch.env[0].clone(),
        ("A".to_owned(), "first".to_owned()),
        ("A".to_owned(), "last".to_owned()),
    ];
    let dir = launch.cwd.clone();
    engine.processes.launch(launch);
    let News::Started {
        key: started,
        at_ms,
        ..
    } = engine.next().await
    else {
        panic!()
    };
    assert_eq!(started, key(1));
    let exit = engine.exit(&key(1)).await;
    assert_eq!(
        (exit.code, exit.signal, exit.message),
        (Some(3), None, None)
    );
    assert_eq!(exit.started_ms, Some(at_ms));
    assert!(exit.finished_ms >= at_ms);
    let stdout = std::fs::read_to_string(dir.join("stdout")).unwrap();
    // PATH, A, USHER_LAUNCH and the shell's own PWD and perhaps `_` and OLDPWD.
    let (known, count) = stdout.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(known, format!("{}\nlast-0b5e-run/4/1", dir.display()));
    assert!(count.trim().parse::<u32>().unwrap() <= 7, "{count}");
    assert_eq!(
        std::fs::read_to_string(dir.join("stderr")).unwrap(),
        "err\n"
    );
    assert_eq!(
        std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(
        std::fs::metadata(dir.join("stdout")).unwrap().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn a_script_is_the_last_argument() {
    let home = Home::new();
    let mut engine = home.engine().await;
    let mut launch = home.command(&key(1), &["sh", "-e"]);
    launch.script = Some("echo \"$0\"\nfalse\necho never\n".to_owned());
    let dir = launch.cwd.clone();
    engine.processes.launch(launch);
    assert_eq!(engine.exit(&key(1)).await.code, Some(1));
    let path = dir.join("script");
    let stdout = std::fs::read_to_string(dir.join("stdout")).unwrap();
    assert_eq!(stdout, format!("{}\n", path.display()));
    assert_eq!(std::fs::metadata(path).unwrap().mode() & 0o777, 0o600);
}

/// Goal: what is empty after a step goes when its end is committed, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_stays_empty_is_removed_when_it_is_released() {
    let home = Home::new();
    let mut engine = home.engine().await;
    let lines = ["true", "echo x", "mkdir inner", "echo x >&2; touch file"];
    for (number, line) in (0..).zip(lines) {
        let mut launch = home.shell(&key(number), line);
        launch.cwd = launch.cwd.join("work");
        engine.processes.launch(launch);
        engine.exit(&key(number)).await;
        assert!(home.attempt(&key(number)).join("work").is_dir());
        engine.processes.release(key(number));
    }
    // Its answer comes after all that was asked before it.
    engine.processes.launch(home.command(&key(9), &["none"]));
    engine.exit(&key(9)).await;
    let left = |number| {
        let Ok(entries) = std::fs::read_dir(home.attempt(&key(number))) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    look_until("the last is cleared", || left(3) == ["stderr", "work"]);
    assert!(!home.attempt(&key(0)).exists());
    assert_eq!(left(1), ["stdout"]);
    assert_eq!(left(2), ["work"]);
}

#[tokio::test]
async fn a_working_directory_elsewhere_must_be_there() {
    let home = Home::new();
    let mut engine = home.engine().await;
    let mut launch = home.command(&key(1), &["pwd"]);
    launch.cwd = home.launcher();
    let stdout = launch.stdout.clone();
    engine.processes.launch(launch);
    assert_eq!(engine.exit(&key(1)).await.code, Some(0));
    let printed = std::fs::read_to_string(stdout).unwrap();
    assert_eq!(printed, format!("{}\n", home.launcher().display()));
    let mut launch = home.command(&key(2), &["pwd"]);
    launch.cwd = home.path().join("none");
    engine.processes.launch(launch);
    let exit = engine.exit(&key(2)).await;
    let message = format!(
        "cannot find the working directory `{}/none`; local runs use this machine's own folders",
        home.path().display()
    );
    assert_eq!((exit.code, exit.message), (Some(64), Some(message)));
    assert!(!home.path().join("none").exists());
}

#[tokio::test]
async fn a_missing_command_ends_with_64_and_words() {
    let home = Home::new();
    let mut engine = home.engine().await;
    engine
        .processes
        .launch(home.command(&key(1), &["cowsay", "hello"]));
    let exit = engine.exit(&key(1)).await;
    assert_eq!((exit.code, exit.started_ms), (Some(64), None));
    let message = "cannot find `cowsay`; local runs ignore image `docker/whalesay`";
    assert_eq!(exit.message.as_deref(), Some(message));
}

#[tokio::test]
async fn a_launch_is_started_once() {
    let home = Home::new();
    let mut engine = home.engine().await;
    let launch = home.shell(&key(1), "echo once >> marks");
    let marks = launch.cwd.join("marks");
    engine.processes.launch(launch.clone());
    engine.processes.launch(launch.clone());
    let first = engine.exit(&key(1)).await;
    engine.processes.launch(launch);
    assert_eq!(engine.exit(&key(1)).await, first);
    engine.processes.launch(home.command(&key(2), &["true"]));
    engine.exit(&key(2)).await;
    assert_eq!(std::fs::read_to_string(marks).unwrap(), "once\n");
}

#[tokio::test]
async fn many_steps_at_once_each_tell_their_own_end() {
    let home = Home::new();
    let mut engine = home.engine().await;
    for number in 0..100 {
        let line = format!("exit {number}");
        engine.processes.launch(home.shell(&key(number), &line));
    }
    let mut codes = vec![None; 100];
    while codes.contains(&None) {
        if let News::Exited { key, exit } = engine.next().await {
            assert_eq!(exit.code, Some(key.launch.try_into().unwrap()));
            let place = &mut codes[usize::try_from(key.launch).unwrap()];
            assert_eq!(place.replace(exit.finished_ms), None, "told twice");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_of_a_step_outlives_it() {
    let home = Home::new();
    let mut pipe = home.pipe();
    let mut engine = home.engine().await;
    let cases = [
        "sleep 1000 & echo $! > $PIPE",
        "setsid sleep 1000 & echo $! > $PIPE",
        "env -i setsid sleep 1000 & echo $! > $PIPE",
        "(trap '' TERM HUP; setsid sleep 1000 & echo $! > $PIPE)",
        "setsid sh -c 'sleep 1000 & echo $! > $PIPE; wait' &",
    ];
    // None ends before what it leaves is there and known here.
    let hold = home.path().join("hold");
    let made = std::process::Command::new("mkfifo")
        .arg(&hold)
        .status()
        .unwrap();
    assert!(made.success());
    for (number, line) in (0..).zip(cases) {
        let mut launch = home.shell(&key(number), &format!("{line}\nread x < $HOLD"));
        launch
            .env
            .push(("HOLD".to_owned(), hold.display().to_string()));
        engine.processes.launch(launch);
        let left = pipe.process();
        std::fs::write(&hold, "go\n").unwrap();
        assert_eq!(engine.exit(&key(number)).await.code, Some(0), "{line}");
        assert!(left.ends_within(LONG), "it still lives: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_left_its_group_lives_as_long_as_its_own_step() {
    let home = Home::new();
    let mut pipe = home.pipe();
    let mut engine = home.engine().await;
    let line = "(setsid sleep 1000 & echo $! > $PIPE); exec sleep 1000";
    engine.processes.launch(home.shell(&key(1), line));
    let stray = pipe.process();
    for number in 2..6 {
        engine.processes.launch(home.shell(&key(number), "exit 0"));
        engine.exit(&key(number)).await;
    }
    assert!(stray.lives());
    engine.processes.stop(key(1), 60_000);
    assert_eq!(engine.exit(&key(1)).await.signal, Some(15));
    assert!(stray.ends_within(LONG));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_step_that_heeds_sigterm_ends_by_itself() {
    let home = Home::new();
    let mut pipe = home.pipe();
    let mut engine = home.engine().await;
    let line = "trap 'exit 7' TERM; echo $$ > $PIPE; while :; do sleep 0.02; done";
    engine.processes.launch(home.shell(&key(1), line));
    pipe.process();
    engine.processes.stop(key(1), 600_000);
    assert_eq!(engine.exit(&key(1)).await.code, Some(7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_step_that_ignores_sigterm_is_killed_after_the_grace() {
    let home = Home::new();
    let mut pipe = home.pipe();
    let mut engine = home.engine().await;
    let line = "trap '' TERM; setsid sleep 1000 & echo $! > $PIPE; while :; do sleep 1000; done";
    engine.processes.launch(home.shell(&key(1), line));
    let stray = pipe.process();
    let before = std::time::Instant::now();
    engine.processes.stop(key(1), 600_000);
    engine.processes.stop(key(1), 150);
    let exit = engine.exit(&key(1)).await;
    assert_eq!((exit.code, exit.signal), (None, Some(9)));
    assert!(before.elapsed().as_millis() >= 150, "before its grace");
    assert!(stray.ends_within(LONG));
    engine.processes.stop(key(1), 0);
    assert_eq!(engine.exit(&key(1)).await, exit);
    engine.processes.stop(key(9), 0);
    assert_eq!(engine.next().await, News::Unknown { key: key(9) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn endless_output_neither_fills_the_disk_nor_ends_the_step() {
    let home = Home::new();
    let mut pipe = home.pipe();
    let mut engine = home.engine().await;
    let full = std::env::var("USHER_TEST_COUNTS").is_ok_and(|counts| counts == "full");
    let count: u64 = if full { 10_000_000_000 } else { 200_000_000 };
    let line = format!("yes | head -c {count}; echo last; echo $$ > $PIPE; sleep 1000");
    let launch = home.shell(&key(1), &format!("echo first; {line}"));
    let (path, bound) = (launch.stdout.clone(), launch.output_max_bytes);
    engine.processes.launch(launch);
    let step: Process = pipe.process_within(LONG * 20);
    let bytes_on_disk = || std::fs::metadata(&path).unwrap().blocks() * 512;
    look_until("the output is bounded", || {
        bytes_on_disk() <= bound + bound / 4
    });
    assert!(step.lives());
    engine.processes.stop(key(1), 0);
    engine.exit(&key(1)).await;
    let cut = cut(&path).unwrap();
    assert!(
        bytes_on_disk() <= bound + 64 * 1024,
        "{} bytes",
        bytes_on_disk()
    );
    assert_eq!(std::fs::metadata(&path).unwrap().len(), count + 11);
    let kept = count + 11 - cut.bytes;
    assert!(kept <= bound + 8192, "{kept} bytes");
    let file = std::fs::File::open(&path).unwrap();
    let read = |from: u64, to: u64| {
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        file.read_exact_at(&mut bytes, from).unwrap();
        bytes
    };
    let (first, last) = (read(0, cut.from), read(cut.to, count + 11));
    assert!(first.starts_with(b"first\ny\n") && !first.contains(&0));
    assert!(last.ends_with(b"y\nlast\n") && !last.contains(&0));
}

#[tokio::test]
async fn secrets_are_neither_journalled_nor_logged() {
    let home = Home::new();
    let mut engine = home.engine().await;
    let mut launch = home.shell(&key(1), "test \"$TOKEN\" = hidden-a && exit $((0))");
    launch.env.push(("TOKEN".to_owned(), "hidden-a".to_owned()));
    engine.processes.launch(launch);
    assert_eq!(engine.exit(&key(1)).await.code, Some(0));
    let mut launch = home.command(&key(2), &["none", "hidden-b"]);
    launch.script = Some("hidden-c".to_owned());
    engine.processes.launch(launch);
    engine.exit(&key(2)).await;
    for entry in std::fs::read_dir(home.launcher()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("hidden"), "{}: {text}", path.display());
    }
}
