//! The world: a ledger, an engine with its actors, and a runtime whose processes a test ends.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Addr};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use usher_api::command::{Command, Outcome as Answered};
use usher_core::effect::Work;
use usher_core::prepared::Prepared;
use usher_core::run::{Identity, Run, RunPhase};
use usher_ledger::{Fence, Ledger, Memory, PARTITIONS, Reader, Write, Writer};

use crate::actors::engine::ObserveAll;
use crate::actors::messages::{Report, Submit, Told};
use crate::actors::pod_watch::{FromRuntime, PodWatch};
use crate::actors::roster::Roster;
use crate::actors::shell::{PlanCache, Settings, Shell};
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::runtime::{PodKey, PodNews, PodRuntime};
use crate::reading::ReadPool;

/// Longer than anything takes that does not hang.
const LONG: Duration = Duration::from_secs(30);

/// The system's clock plus what a test adds.
#[derive(Debug, Default)]
pub(super) struct TestClock {
    system: SystemClock,
    ahead_ms: AtomicI64,
}

impl TestClock {
    pub(super) fn jump(&self, ms: i64) {
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.system.now_ms() + self.ahead_ms.load(Ordering::SeqCst)
    }
}

/// Processes as a launcher has them: they outlive every actor.
#[derive(Debug)]
pub(super) struct Processes {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    /// What is known of each launch and not released.
    records: BTreeMap<PodKey, PodNews>,
    /// How often each launch was begun: never more than once.
    begun: BTreeMap<PodKey, u32>,
    names: BTreeMap<PodKey, String>,
    stopped: BTreeSet<PodKey>,
    watch: Option<Addr<PodWatch>>,
}

impl Processes {
    fn new() -> Arc<Processes> {
        let (changed, _) = watch::channel(0);
        Arc::new(Processes {
            inner: Mutex::new(Inner::default()),
            changed,
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        let result = work(&mut self.inner.lock().unwrap());
        self.changed.send_modify(|count| *count += 1);
        result
    }

    /// How often the process of each node, by its full name, was begun.
    pub(super) fn begun(&self) -> BTreeMap<String, u32> {
        let inner = self.inner.lock().unwrap();
        let mut counts = BTreeMap::new();
        for (key, count) in &inner.begun {
            *counts.entry(inner.names[key].clone()).or_default() += count;
        }
        counts
    }

    /// How many launches are known and not released.
    pub(super) fn records(&self) -> usize {
        self.inner.lock().unwrap().records.len()
    }

    /// Names of the nodes whose processes run.
    pub(super) fn running(&self) -> Vec<String> {
        let inner = self.inner.lock().unwrap();
        let runs = |news: &PodNews| matches!(news, PodNews::Started { .. });
        let live = inner.records.iter().filter(|(_, news)| runs(news));
        live.map(|(key, _)| inner.names[key].clone()).collect()
    }

    /// Ends the processes of all nodes whose full name ends so.
    pub(super) fn finish(&self, name_end: &str, code: i32, at_ms: i64) {
        let told = self.with(|inner| {
            let mut told = Vec::new();
            for (key, news) in &mut inner.records {
                let runs = matches!(news, PodNews::Started { .. });
                if runs && inner.names[key].ends_with(name_end) {
                    *news = PodNews::Exited {
                        code,
                        message: None,
                        finished_ms: at_ms,
                    };
                    told.push(Told {
                        key: key.clone(),
                        news: news.clone(),
                    });
                }
            }
            told
        });
        self.tell(told);
    }

    fn tell(&self, told: Vec<Told>) {
        let watch = self.inner.lock().unwrap().watch.clone();
        for told in told {
            if let Some(watch) = &watch {
                let _ = watch.try_send(FromRuntime::News(told));
            }
        }
    }

    fn connect(&self, watch: &Addr<PodWatch>) {
        let inventory: Vec<(PodKey, PodNews)> = self.with(|inner| {
            inner.watch = Some(watch.clone());
            inner
                .records
                .iter()
                .map(|(key, news)| (key.clone(), news.clone()))
                .collect()
        });
        let is_live = |news: &PodNews| matches!(news, PodNews::Started { .. });
        let known = inventory
            .iter()
            .map(|(key, news)| (key.clone(), is_live(news)))
            .collect();
        let _ = watch.try_send(FromRuntime::Connected(known));
        self.tell(
            inventory
                .into_iter()
                .map(|(key, news)| Told { key, news })
                .collect(),
        );
    }
}

struct Runtime(Arc<Processes>);

impl PodRuntime for Runtime {
    fn launch(&mut self, key: PodKey, work: Work) {
        let news = self.0.with(|inner| {
            if let Some(news) = inner.records.get(&key) {
                return news.clone();
            }
            *inner.begun.entry(key.clone()).or_default() += 1;
            inner.names.insert(key.clone(), work.node_name);
            let started = PodNews::Started {
                started_ms: SystemClock::default().now_ms(),
            };
            inner.records.insert(key.clone(), started.clone());
            started
        });
        self.0.tell(vec![Told { key, news }]);
    }

    fn stop(&mut self, key: PodKey, _: u64) {
        let news = self.0.with(|inner| {
            inner.stopped.insert(key.clone());
            let finished_ms = SystemClock::default().now_ms();
            let ended = PodNews::Exited {
                code: 143,
                message: None,
                finished_ms,
            };
            inner.records.insert(key.clone(), ended.clone());
            ended
        });
        self.0.tell(vec![Told { key, news }]);
    }

    fn release(&mut self, key: PodKey) {
        self.0.with(|inner| inner.records.remove(&key));
    }
}

/// An engine in its world.
pub(super) struct World {
    pub(super) ledger: Memory,
    pub(super) shell: Arc<Shell>,
    pub(super) clock: Arc<TestClock>,
    pub(super) processes: Arc<Processes>,
    changes: Mutex<broadcast::Receiver<crate::actors::shell::Changed>>,
    _runs: tempfile::TempDir,
}

/// Runs a test on a thread with actors.
pub(super) fn in_system<F: Future<Output = ()>>(test: F) {
    actix_rt::System::new().block_on(async {
        tokio::time::timeout(LONG * 2, test)
            .await
            .expect("the test ends");
    });
}

/// Settings for tests: quick to sleep, quick to lose patience.
pub(super) fn settings() -> Settings {
    Settings {
        processes_max: 64,
        sleep_after_ms: 150,
        patience_ms: 300,
        ..Settings::default()
    }
}

impl World {
    pub(super) async fn start(settings: Settings) -> World {
        World::on(Memory::new(), Processes::new(), settings).await
    }

    /// An engine on what an earlier one left.
    pub(super) async fn on(
        mut ledger: Memory,
        processes: Arc<Processes>,
        settings: Settings,
    ) -> World {
        let fences = take_over_all(&mut ledger);
        let clock = Arc::new(TestClock::default());
        let runs = tempfile::tempdir().unwrap();
        let readers: Vec<Box<dyn Reader + Send>> =
            vec![Box::new(ledger.clone()), Box::new(ledger.clone())];
        let (sender, changes) = broadcast::channel(4096);
        let shell = Arc::new(Shell {
            writer: Writer::spawn(Box::new(ledger.clone()), Box::new(|_| {})),
            readers: ReadPool::new(readers, runs.path().to_owned()),
            clock: clock.clone(),
            settings,
            changes: sender,
            plans: PlanCache::default(),
            roster: Arc::new(Roster::default()),
            awake: AtomicUsize::new(0),
            people: None,
        });
        start_engine(&shell, fences, &processes, runs.path()).await;
        World {
            ledger,
            shell,
            clock,
            processes,
            changes: Mutex::new(changes),
            _runs: runs,
        }
    }

    /// Submits a workflow of these templates, entered at `main`; answers its uid.
    pub(super) async fn submit(&self, name: &str, templates: Value) -> String {
        let object = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {"name": name},
            "spec": {"entrypoint": "main", "templates": templates},
        });
        let plan = usher_core::admit::compile(&object)
            .unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
        let uid = format!("uid-{name}");
        let identity = Identity {
            uid: uid.clone(),
            name: name.to_owned(),
            namespace: "default".to_owned(),
            created_ms: self.shell.clock.now_ms(),
            submitter: "ada".to_owned(),
        };
        let (reply, told) = tokio::sync::oneshot::channel();
        let submit = Submit {
            run: Box::new(Run::new(Arc::new(Prepared::new(plan)), identity)),
            plan_hash: format!("hash-{name}"),
            plan: serde_json::to_vec(&object).unwrap(),
            reply,
        };
        let keeper = self
            .shell
            .roster
            .keeper_of(&uid)
            .expect("its partition has a keeper");
        keeper.send(submit).await.expect("the keeper lives");
        told.await.expect("an answer").expect("the run is born");
        uid
    }

    /// Writes a command without telling anybody; answers its id.
    pub(super) async fn write_command(&self, run: &str, command: &Command) -> i64 {
        let (tell, told) = tokio::sync::oneshot::channel();
        let body = serde_json::to_vec(command).unwrap();
        let kind = command.verb().to_owned();
        let write = Write::Command {
            run: run.to_owned(),
            kind,
            body,
            key: None,
        };
        self.shell.writer.submit(
            write,
            Box::new(move |result| {
                let _ = tell.send(result);
            }),
        );
        match told.await.unwrap() {
            Ok(usher_ledger::Outcome::Inserted { id }) => id,
            other => panic!("the command is not in the inbox: {other:?}"),
        }
    }

    /// Waits for what becomes of a command.
    pub(super) async fn outcome(&self, id: i64) -> Answered {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.shell.writer.when_applied(
            id,
            Box::new(move |result| {
                let _ = tell.send(result);
            }),
        );
        let bytes = tokio::time::timeout(LONG, told)
            .await
            .expect("an outcome")
            .unwrap()
            .unwrap();
        serde_json::from_slice(&bytes).expect("an outcome is JSON")
    }

    /// Gives a command and answers what became of it.
    pub(super) async fn command(&self, run: &str, command: Command) -> Answered {
        let id = self.write_command(run, &command).await;
        self.shell.roster.nudge(run);
        self.outcome(id).await
    }

    /// The run as it is in the ledger.
    pub(super) fn run(&self, uid: &str) -> Option<Run> {
        let loaded = self.ledger.clone().load_run(uid).expect("readable")?;
        Some(Shell::decode(&self.shell.plans, loaded).expect("a run").run)
    }

    pub(super) fn phase(&self, uid: &str) -> RunPhase {
        self.run(uid).expect("the run is there").head.phase
    }

    /// Waits until something holds; looks again after every committed turn and every process.
    #[allow(clippy::await_holding_lock, reason = "one task waits at a time")]
    pub(super) async fn until(&self, what: &str, mut holds: impl FnMut(&World) -> bool) {
        let mut begun = self.processes.changed.subscribe();
        let mut changes = self.changes.lock().unwrap();
        let wait = async {
            while !holds(self) {
                tokio::select! {
                    _ = changes.recv() => {}
                    _ = begun.changed() => {}
                    // Actors that come and go announce nothing: look now and then.
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
            }
        };
        tokio::time::timeout(LONG, wait)
            .await
            .unwrap_or_else(|_| panic!("never: {what}"));
    }

    /// Waits until a run has ended well.
    pub(super) async fn succeeded(&self, uid: &str) {
        self.until(&format!("{uid} ends"), |world| world.phase(uid).is_done())
            .await;
        assert_eq!(self.phase(uid), RunPhase::Succeeded, "{uid}");
    }

    /// What every actor says of itself.
    pub(super) async fn reports(&self) -> Vec<Report> {
        let engine = self.shell.roster.engine().expect("the engine lives");
        engine.send(ObserveAll).await.expect("an answer")
    }

    /// How many runs are awake.
    pub(super) async fn awake(&self) -> usize {
        let reports = self.reports().await;
        let keepers = reports
            .iter()
            .filter(|report| report.actor == "PartitionKeeper");
        keepers.map(|report| report.queued).sum()
    }

    /// Waits until this many runs are awake.
    pub(super) async fn until_awake(&self, count: usize) {
        let wait = async {
            while self.awake().await != count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LONG, wait)
            .await
            .unwrap_or_else(|_| panic!("never {count} awake"));
    }
}

/// Takes every partition over: whoever had them writes nothing more.
pub(super) fn take_over_all(ledger: &mut Memory) -> Vec<Fence> {
    let seen = ledger.partitions().expect("readable");
    let take = |part: u16| {
        let seen = seen[usize::from(part)].epoch;
        let epoch = ledger
            .take_over(part, "test", seen)
            .expect("writable")
            .expect("nobody else");
        Fence { part, epoch }
    };
    (0..PARTITIONS).map(take).collect()
}

async fn start_engine(
    shell: &Arc<Shell>,
    fences: Vec<Fence>,
    processes: &Arc<Processes>,
    runs: &std::path::Path,
) {
    let (weak, processes, runs) = (Arc::downgrade(shell), processes.clone(), runs.to_owned());
    let make_watch: crate::actors::engine::MakeWatch = Arc::new(move || {
        let shell = weak.upgrade().ok_or("over")?;
        let (roster, clock) = (shell.roster.clone(), shell.clock.clone());
        let runtime = Box::new(Runtime(processes.clone()));
        let watch = PodWatch::new(runtime, roster, runs.clone(), &shell.settings, clock).start();
        processes.connect(&watch);
        Ok(watch)
    });
    let opened = crate::host::supervise(shell.clone(), fences, make_watch).await;
    opened.expect("the engine opens");
}

/// A container template that needs a process.
pub(super) fn pod(name: &str) -> Value {
    json!({"name": name, "container": {"image": "i", "command": ["x"]}})
}

/// A steps template that calls templates one after the other, each step named as its template.
pub(super) fn chain(names: &[&str]) -> Value {
    let steps: Vec<Value> = names
        .iter()
        .map(|name| json!([{"name": name, "template": name}]))
        .collect();
    json!({"name": "main", "steps": steps})
}
