//! Whether processes can be run here: a launcher of its own is started and runs one.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;

use super::{Finding, Scratch, bad, good, said};
use crate::adapters::process::{Exit, Key, Launch, News, Processes, Settings};
use crate::state::StateDir;

/// A process that ends at once takes no longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

const WAY_OUT: &str = "the launcher's log is `launcher-1/launcher.log` in the state directory; \
                       see whether programs may be started from this account";

/// Starts a launcher in a folder of its own and has it run `sh -c :`.
pub(super) fn check(state: &StateDir) -> Finding {
    let began = Instant::now();
    match answer(state) {
        Ok(Exit { code: Some(0), .. }) => {
            let took = began.elapsed().as_millis();
            good(
                "launcher",
                format!("answers; a first process took {took} ms"),
            )
        }
        Ok(exit) => {
            let how = exit.message.unwrap_or_else(|| format!("{:?}", exit.code));
            bad(
                "launcher",
                format!("its process ended badly: {how}"),
                WAY_OUT,
            )
        }
        Err(reason) => bad("launcher", reason, WAY_OUT),
    }
}

fn answer(state: &StateDir) -> Result<Exit, String> {
    let name = format!(".doctor-{}", std::process::id());
    let scratch = Scratch(state.path().join(name));
    std::fs::create_dir_all(&scratch.0).map_err(|error| said(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| said(&error))?;
    runtime.block_on(async {
        let settings = Settings::new(&scratch.0);
        let (processes, mut news) = Processes::start(settings).map_err(|error| said(&error))?;
        let cwd = scratch.0.join("work");
        let launch = Launch {
            key: Key {
                run: "doctor".to_owned(),
                node: 0,
                launch: 1,
            },
            argv: ["sh", "-c", ":"].map(str::to_owned).to_vec(),
            env: std::env::var("PATH")
                .map(|path| ("PATH".to_owned(), path))
                .into_iter()
                .collect(),
            stdout: cwd.join("stdout"),
            stderr: cwd.join("stderr"),
            cwd,
            script: None,
            image: String::new(),
            output_max_bytes: 1 << 20,
        };
        let key = launch.key.clone();
        processes.launch(launch);
        let exit = tokio::time::timeout(PATIENCE, end(&mut news)).await;
        let exit = exit.map_err(|_| format!("said nothing for {PATIENCE:?}"))??;
        processes.release(key);
        Ok(exit)
    })
}

async fn end(news: &mut UnboundedReceiver<News>) -> Result<Exit, String> {
    while let Some(news) = news.recv().await {
        match news {
            News::Exited { exit, .. } => return Ok(exit),
            News::Lost { reason, .. } | News::Disconnected { reason } => return Err(reason),
            _ => {}
        }
    }
    Err("its connection ended".to_owned())
}
