//! Local processes as a runtime for pods: the launcher behind the port.
//!
//! A pod's work becomes a launch in a folder of its own, `runs/UID/NODE-LAUNCH`, with `stdout`,
//! `stderr` and `work`, the process's working directory. The image means nothing here.

use std::path::{Path, PathBuf};

use actix::Addr;
use actix::prelude::SendError;
use tokio::sync::mpsc::UnboundedReceiver;
use usher_core::effect::Work;

use super::process::{Error, Exit, Key, Launch, News, OUTPUT_MAX_BYTES, Processes, State};
use crate::actors::messages::Told;
use crate::actors::pod_watch::{FromRuntime, PodWatch};
use crate::ports::runtime::{PodKey, PodNews, PodRuntime};
use crate::state::StateDir;

/// The exit code of a process that a signal ended: this plus the signal's number.
const BY_SIGNAL: i32 = 128;

/// Variables of the engine's own that steps do not inherit begin so.
const OWN_PREFIX: &str = "USHER_";

/// The local runtime of a state directory.
#[derive(Debug)]
pub struct Local {
    processes: Processes,
    runs: PathBuf,
    /// How many run at a time.
    places: usize,
    inherited: Vec<(String, String)>,
}

/// News of the launcher, waiting for somebody who hears them.
#[derive(Debug)]
pub struct NewsOf(UnboundedReceiver<News>);

impl Local {
    /// Connects to the launcher of a state directory, or starts one.
    ///
    /// # Errors
    /// When the launcher's directory cannot be used or its program does not start.
    pub fn start(state: &StateDir, places: usize) -> Result<(Local, NewsOf), Error> {
        let settings = super::process::Settings {
            places: u32::try_from(places).ok(),
            ..super::process::Settings::new(state.path())
        };
        let (processes, news) = Processes::start(settings)?;
        let local = Local {
            processes,
            runs: state.runs(),
            places,
            inherited: inherited(),
        };
        Ok((local, NewsOf(news)))
    }
}

impl NewsOf {
    /// Tells all news to a watch from now on.
    pub fn forward_to(self, watch: Addr<PodWatch>) {
        let NewsOf(mut news) = self;
        actix_rt::spawn(async move {
            while let Some(news) = news.recv().await {
                let Some(message) = translate(news) else {
                    continue;
                };
                match watch.try_send(message) {
                    Ok(()) => {}
                    // Waits while the mailbox is full: news must not be dropped.
                    Err(SendError::Full(message)) => {
                        if watch.send(message).await.is_err() {
                            return;
                        }
                    }
                    Err(SendError::Closed(_)) => return,
                }
            }
        });
    }
}

impl PodRuntime for Local {
    fn launch(&mut self, key: PodKey, work: Work) {
        let folder = self.runs.join(key.folder());
        self.processes
            .launch(launch_of(&key, work, &folder, &self.inherited));
    }

    fn stop(&mut self, key: PodKey, grace_ms: u64) {
        self.processes.stop(wire_key(&key), grace_ms);
    }

    fn release(&mut self, key: PodKey) {
        self.processes.release(wire_key(&key));
    }

    /// Two for each place.
    fn ahead(&self) -> usize {
        self.places.saturating_mul(2)
    }
}

/// What a local process inherits: the engine's environment without what is the engine's own.
fn inherited() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !name.starts_with(OWN_PREFIX))
        .collect()
}

fn launch_of(key: &PodKey, work: Work, folder: &Path, inherited: &[(String, String)]) -> Launch {
    let cwd = folder.join("work");
    let mut env = inherited.to_vec();
    env.extend(work.env);
    // Argo's own variables win, as they do in its pods (argo.md §4).
    env.push(("ARGO_NODE_ID".to_owned(), work.node_id));
    env.push(("ARGO_POD_NAME".to_owned(), work.pod_name));
    env.push(("ARGO_WORKFLOW_UID".to_owned(), key.run.clone()));
    env.push(("ARGO_CONTAINER_NAME".to_owned(), "main".to_owned()));
    Launch {
        key: wire_key(key),
        argv: work.argv,
        env,
        cwd: work.working_dir.map_or(cwd.clone(), |dir| cwd.join(dir)),
        stdout: folder.join("stdout"),
        stderr: folder.join("stderr"),
        script: work.source,
        image: work.image,
        output_max_bytes: OUTPUT_MAX_BYTES,
    }
}

fn wire_key(key: &PodKey) -> Key {
    Key {
        run: key.run.clone(),
        node: key.node,
        launch: key.launch,
    }
}

fn pod_key(key: Key) -> PodKey {
    PodKey {
        run: key.run,
        node: key.node,
        launch: key.launch,
    }
}

fn exited(exit: Exit) -> PodNews {
    let code = match (exit.code, exit.signal) {
        (Some(code), _) => code,
        (None, Some(signal)) => BY_SIGNAL + signal,
        (None, None) => BY_SIGNAL,
    };
    PodNews::Exited {
        code,
        message: exit.message,
        finished_ms: exit.finished_ms,
    }
}

fn translate(news: News) -> Option<FromRuntime> {
    let told = |key: Key, news| {
        Some(FromRuntime::News(Told {
            key: pod_key(key),
            news,
        }))
    };
    match news {
        News::Connected {
            inventory,
            launcher_id,
            ..
        } => {
            tracing::info!(launcher_id, known = inventory.len(), "launcher connected");
            let live = |state: &State| matches!(state, State::Starting | State::Running { .. });
            let keys = inventory
                .into_iter()
                .map(|(key, state)| (pod_key(key), live(&state)));
            Some(FromRuntime::Connected(keys.collect()))
        }
        News::Started { key, at_ms, .. } => told(key, PodNews::Started { started_ms: at_ms }),
        News::Exited { key, exit } => told(key, exited(exit)),
        News::Lost { key, reason } => told(key, PodNews::Lost { reason }),
        News::Unknown { key } => {
            let reason = "attempt lost: its launcher does not know it".to_owned();
            told(key, PodNews::Lost { reason })
        }
        News::Superseded => {
            tracing::warn!("a newer engine is served by the launcher");
            None
        }
        News::Disconnected { reason } => {
            tracing::warn!(reason, "launcher disconnected");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PodKey {
        PodKey {
            run: "uid".to_owned(),
            node: 3,
            launch: 2,
        }
    }

    fn work(working_dir: Option<&str>) -> Work {
        Work {
            pod_name: "steps-1".to_owned(),
            node_id: "steps-1".to_owned(),
            node_name: "steps[0].a".to_owned(),
            image: "docker/whalesay".to_owned(),
            argv: vec!["cowsay".to_owned(), "hello".to_owned()],
            env: vec![
                ("A".to_owned(), "own".to_owned()),
                ("ARGO_NODE_ID".to_owned(), "forged".to_owned()),
            ],
            working_dir: working_dir.map(str::to_owned),
            source: Some("print(1)".to_owned()),
            wants_result: true,
        }
    }

    /// The whole translation of a pod's work.
    #[test]
    fn a_work_becomes_a_launch_in_its_own_folder() {
        let inherited = [("PATH", "/bin"), ("A", "engine's")];
        let inherited = inherited.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let folder = Path::new("/s/runs/uid/3-2");
        let launch = launch_of(&key(), work(None), folder, &inherited);
        let env = [
            ("PATH", "/bin"),
            ("A", "engine's"),
            ("A", "own"),
            ("ARGO_NODE_ID", "forged"),
            ("ARGO_NODE_ID", "steps-1"),
            ("ARGO_POD_NAME", "steps-1"),
            ("ARGO_WORKFLOW_UID", "uid"),
            ("ARGO_CONTAINER_NAME", "main"),
        ];
        let expected = Launch {
            key: Key {
                run: "uid".to_owned(),
                node: 3,
                launch: 2,
            },
            argv: vec!["cowsay".to_owned(), "hello".to_owned()],
            // A later entry wins.
            env: env
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            cwd: PathBuf::from("/s/runs/uid/3-2/work"),
            stdout: PathBuf::from("/s/runs/uid/3-2/stdout"),
            stderr: PathBuf::from("/s/runs/uid/3-2/stderr"),
            script: Some("print(1)".to_owned()),
            image: "docker/whalesay".to_owned(),
            output_max_bytes: 268_435_456,
        };
        assert_eq!(launch, expected);
        assert_eq!(launch.folder(), folder);
        let cases = [
            ("sub/dir", "/s/runs/uid/3-2/work/sub/dir", true),
            ("/srv/data", "/srv/data", false),
            ("../../../x", "/s/runs/uid/3-2/work/../../../x", false),
        ];
        for (dir, cwd, is_made) in cases {
            let launch = launch_of(&key(), work(Some(dir)), folder, &inherited);
            assert_eq!(launch.cwd, Path::new(cwd));
            assert_eq!(launch.makes_cwd(), is_made, "{dir}");
        }
    }

    /// Codes as a shell tells them.
    #[test]
    fn an_end_by_a_signal_is_128_and_its_number() {
        let exit = |code, signal| Exit {
            code,
            signal,
            message: None,
            started_ms: Some(1),
            finished_ms: 5,
        };
        let cases = [
            (exit(Some(64), None), 64),
            (exit(None, Some(15)), 143),
            (exit(None, Some(9)), 137),
            (exit(None, None), 128),
        ];
        for (end, code) in cases {
            let expected = PodNews::Exited {
                code,
                message: None,
                finished_ms: 5,
            };
            assert_eq!(exited(end), expected);
        }
    }
}
