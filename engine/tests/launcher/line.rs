//! Launches beyond the places: they wait in the launcher, in their order, and are nobody's secret.

use usher::adapters::process::{News, State};

use crate::rig::{Engine, Home, key};

/// The next start, past other news.
async fn next_start(engine: &mut Engine) -> u32 {
    loop {
        if let News::Started { key, .. } = engine.next().await {
            return key.launch;
        }
    }
}

/// Two run, the others follow in their order, and what is stopped before its turn never runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_said_beyond_the_places_waits() {
    let home = Home::new();
    let mut engine = home.engine_with(Some(2)).await;
    for launch in 1..=6 {
        let launch = home.shell(&key(launch), "exec sleep 1000");
        engine.processes.launch(launch);
    }
    assert_eq!(next_start(&mut engine).await, 1);
    assert_eq!(next_start(&mut engine).await, 2);
    // It is known though it waits; so the next word is of the one that nobody has said.
    engine.processes.query(vec![key(3), key(9)]);
    let unknown = News::Unknown { key: key(9) };
    assert_eq!(engine.next().await, unknown);
    engine.processes.stop(key(4), 60_000);
    let exit = engine.exit(&key(4)).await;
    assert_eq!((exit.code, exit.started_ms), (Some(143), None));
    assert!(!home.attempt(&key(4)).exists());
    // Said again, as after a lost word: it keeps its place.
    engine
        .processes
        .launch(home.shell(&key(3), "exec sleep 1000"));
    engine.processes.stop(key(2), 0);
    assert_eq!(engine.exit(&key(2)).await.signal, Some(9));
    assert_eq!(next_start(&mut engine).await, 3);
    engine.processes.stop(key(1), 0);
    assert_eq!(next_start(&mut engine).await, 5);
    engine.processes.stop(key(3), 0);
    engine.processes.stop(key(5), 0);
    assert_eq!(next_start(&mut engine).await, 6);
    engine.processes.stop(key(6), 0);
    assert_eq!(engine.exit(&key(6)).await.signal, Some(9));
}

/// What waits goes with its engine: the next one has it written down, and says it once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_engine_takes_what_waits_along() {
    let home = Home::new();
    let mut pipe = home.pipe();
    let mut engine = home.engine_with(Some(1)).await;
    let first = home.shell(&key(1), "echo $$ > $PIPE; exec sleep 1000");
    engine.processes.launch(first);
    let said = home.shell(&key(2), "echo second > $PIPE");
    engine.processes.launch(said.clone());
    engine.processes.query(vec![key(9)]);
    while engine.next().await != (News::Unknown { key: key(9) }) {}
    let step = pipe.process();
    drop(engine);
    let mut engine = home.engine_with(Some(1)).await;
    let running = |state: &State| matches!(state, State::Running { .. });
    let inventory = std::mem::take(&mut engine.met.inventory);
    assert!(inventory.len() == 1 && inventory[0].0 == key(1) && running(&inventory[0].1));
    step.kill();
    assert_eq!(engine.exit(&key(1)).await.signal, Some(9));
    let third = home.shell(&key(3), "echo third > $PIPE");
    engine.processes.launch(third);
    assert_eq!(engine.exit(&key(3)).await.code, Some(0));
    engine.processes.launch(said);
    assert_eq!(engine.exit(&key(2)).await.code, Some(0));
    assert_eq!(pipe.line(crate::rig::LONG), "third");
    assert_eq!(pipe.line(crate::rig::LONG), "second");
}
