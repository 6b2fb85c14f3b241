//! The watch beside a runtime that only writes down what it is told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix::{Actor, Addr, Context, Handler};
use tokio::sync::mpsc;

use super::pods::{Pods, Stop};
use super::*;
use crate::actors::shell::Settings;
use crate::ports::clock::SystemClock;
use usher_core::effect::Work;

fn key(node: u32) -> PodKey {
    PodKey {
        run: "run".to_owned(),
        node,
        launch: 1,
    }
}

fn work() -> Arc<Work> {
    Arc::new(Work {
        pod_name: "pod".to_owned(),
        node_id: "id".to_owned(),
        node_name: "name".to_owned(),
        image: String::new(),
        argv: vec!["true".to_owned()],
        env: Vec::new(),
        working_dir: None,
        source: None,
        wants_result: false,
    })
}

fn started() -> PodNews {
    PodNews::Started { started_ms: 1 }
}

fn exited(code: i32) -> PodNews {
    PodNews::Exited {
        code,
        message: None,
        finished_ms: 2,
    }
}

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Orders {
    told: Arc<Mutex<Vec<String>>>,
    /// How many launches it takes beyond the places.
    ahead: usize,
}

impl Orders {
    fn note(&self, verb: &str, key: &PodKey) {
        self.told
            .lock()
            .unwrap()
            .push(format!("{verb} {}/{}", key.run, key.node));
    }

    /// What was ordered since the last look.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

impl PodRuntime for Orders {
    fn launch(&mut self, key: PodKey, _: Work) {
        self.note("launch", &key);
    }

    fn stop(&mut self, key: PodKey, grace_ms: u64) {
        self.note(&format!("stop in {grace_ms}"), &key);
    }

    fn release(&mut self, key: PodKey) {
        self.note("release", &key);
    }

    fn ahead(&self) -> usize {
        self.ahead
    }
}

/// Hears the news of launches, as a `NodeKeeper` does.
struct Ear(mpsc::UnboundedSender<(u32, PodNews)>);

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<Told> for Ear {
    type Result = ();

    fn handle(&mut self, told: Told, _: &mut Context<Self>) {
        let _ = self.0.send((told.key.node, told.news));
    }
}

struct Rig {
    watch: Addr<PodWatch>,
    orders: Orders,
    ear: Addr<Ear>,
    heard: mpsc::UnboundedReceiver<(u32, PodNews)>,
    runs: tempfile::TempDir,
}

impl Rig {
    /// A watch that lets two be alive at a time and has not heard of its runtime yet.
    fn new() -> Rig {
        Rig::ahead(0)
    }

    /// One whose runtime lets so many wait beyond these two.
    fn ahead(ahead: usize) -> Rig {
        let orders = Orders {
            ahead,
            ..Orders::default()
        };
        let runs = tempfile::tempdir().unwrap();
        let settings = Settings {
            processes_max: 2,
            grace_ms: 700,
            ..Settings::default()
        };
        let runtime = Box::new(orders.clone());
        let roster = Arc::new(Roster::default());
        let clock = Arc::new(SystemClock::default());
        let folder = runs.path().to_owned();
        let watch = PodWatch::new(runtime, roster, folder, &settings, clock).start();
        let (tell, heard) = mpsc::unbounded_channel();
        let ear = Ear(tell).start();
        Rig {
            watch,
            orders,
            ear,
            heard,
            runs,
        }
    }

    /// One whose runtime has nothing.
    async fn connected() -> Rig {
        let rig = Rig::new();
        rig.connect(&[]).await;
        rig
    }

    async fn connect(&self, inventory: &[(u32, bool)]) {
        let inventory = inventory.iter().map(|(node, live)| (key(*node), *live));
        let message = FromRuntime::Connected(inventory.collect());
        self.watch.send(message).await.unwrap();
    }

    async fn order(&self, order: PodOrder) -> Vec<String> {
        self.watch.send(order).await.unwrap();
        self.orders.take()
    }

    async fn launch(&self, node: u32) -> Vec<String> {
        let keeper = self.ear.clone().recipient();
        self.order(PodOrder::Register(key(node), keeper)).await;
        self.order(PodOrder::Launch(key(node), work())).await
    }

    async fn tell(&self, node: u32, news: PodNews) -> Vec<String> {
        let key = key(node);
        let told = FromRuntime::News(Told { key, news });
        self.watch.send(told).await.unwrap();
        self.orders.take()
    }

    async fn hear(&mut self) -> (u32, PodNews) {
        let heard = tokio::time::timeout(Duration::from_secs(30), self.heard.recv());
        heard.await.expect("nothing is told").unwrap()
    }
}

const NONE: [&str; 0] = [];

fn in_system(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}

/// At most two are alive; the rest come in the order in which they were asked for.
#[test]
fn places_are_given_in_order() {
    in_system(async {
        let rig = Rig::connected().await;
        assert_eq!(rig.launch(5).await, ["launch run/5"]);
        assert_eq!(rig.launch(4).await, ["launch run/4"]);
        assert_eq!(rig.launch(9).await, NONE);
        assert_eq!(rig.launch(1).await, NONE);
        // Asked for again, as after a wake: it keeps its place, or its process.
        assert_eq!(rig.launch(9).await, NONE);
        assert_eq!(rig.launch(5).await, NONE);
        assert_eq!(rig.tell(5, started()).await, NONE);
        assert_eq!(rig.tell(4, exited(0)).await, ["launch run/9"]);
        assert_eq!(
            rig.order(PodOrder::Release(key(4))).await,
            ["release run/4"]
        );
        let lost = PodNews::Lost {
            reason: "why".to_owned(),
        };
        assert_eq!(rig.tell(9, lost).await, ["launch run/1"]);
    });
}

/// A runtime with a line of its own gets more than may run, and the next at every end.
#[test]
fn a_runtime_may_have_a_line_of_its_own() {
    in_system(async {
        let rig = Rig::ahead(1);
        rig.connect(&[]).await;
        for node in [5, 4, 9] {
            assert_eq!(rig.launch(node).await, [format!("launch run/{node}")]);
        }
        assert_eq!(rig.launch(1).await, NONE);
        assert_eq!(rig.tell(5, exited(0)).await, ["launch run/1"]);
        assert_eq!(
            rig.order(PodOrder::Stop(key(1))).await,
            ["stop in 700 run/1"]
        );
    });
}

/// A new watch launches nothing before it knows what its predecessor has launched.
#[test]
fn what_is_there_is_adopted_before_anything_is_launched() {
    in_system(async {
        let mut rig = Rig::new();
        for node in 1..=4 {
            assert_eq!(rig.launch(node).await, NONE);
        }
        rig.connect(&[(3, true), (1, false)]).await;
        assert_eq!(rig.orders.take(), ["launch run/2"]);
        assert_eq!(rig.tell(3, started()).await, NONE);
        assert_eq!(rig.tell(1, exited(7)).await, NONE);
        assert_eq!(rig.hear().await, (3, started()));
        assert_eq!(rig.hear().await, (1, exited(7)));
        assert_eq!(rig.tell(3, exited(0)).await, ["launch run/4"]);
        // Another launcher takes over later: what we launched is not taken back.
        rig.connect(&[]).await;
        assert_eq!(rig.orders.take(), NONE);
    });
}

/// What waits and is stopped ends at once as by SIGTERM, and never runs.
#[test]
fn what_waits_is_stopped_without_having_run() {
    in_system(async {
        let mut rig = Rig::connected().await;
        for node in 1..=4 {
            rig.launch(node).await;
        }
        let stop = rig.order(PodOrder::Stop(key(3))).await;
        assert_eq!(stop, NONE);
        let (node, news) = rig.hear().await;
        let is_143 = matches!(
            news,
            PodNews::Exited {
                code: 143,
                message: None,
                ..
            }
        );
        assert!(node == 3 && is_143, "{news:?}");
        assert_eq!(rig.tell(1, exited(0)).await, ["launch run/4"]);
        assert_eq!(rig.order(PodOrder::Release(key(3))).await, NONE);
        let stop = rig.order(PodOrder::Stop(key(4))).await;
        assert_eq!(stop, ["stop in 700 run/4"]);
    });
}

/// A stop that comes before the runtime has shown what it has waits for that.
#[test]
fn an_early_stop_finds_what_lives_and_what_never_began() {
    in_system(async {
        let mut rig = Rig::new();
        rig.launch(1).await;
        rig.launch(2).await;
        let keeper = rig.ear.clone().recipient();
        rig.order(PodOrder::Register(key(3), keeper)).await;
        for node in 1..=3 {
            assert_eq!(rig.order(PodOrder::Stop(key(node))).await, NONE);
        }
        rig.connect(&[(2, true)]).await;
        assert_eq!(rig.orders.take(), ["stop in 700 run/2"]);
        let ended = [rig.hear().await, rig.hear().await];
        let codes = ended.map(|(node, news)| match news {
            PodNews::Exited { code, .. } => (node, code),
            PodNews::Started { .. } | PodNews::Lost { .. } => panic!("{news:?}"),
        });
        assert_eq!(codes, [(1, 143), (3, 143)]);
    });
}

/// What the ledger does not want is ended at sight, and forgotten then.
#[test]
fn what_lives_unwanted_is_killed_and_then_released() {
    in_system(async {
        let rig = Rig::new();
        rig.connect(&[(1, true), (2, false)]).await;
        let release = rig.order(PodOrder::Release(key(2))).await;
        assert_eq!(release, ["release run/2"]);
        let release = rig.order(PodOrder::Release(key(1))).await;
        assert_eq!(release, ["stop in 0 run/1"]);
        assert_eq!(rig.tell(1, exited(137)).await, ["release run/1"]);
        assert_eq!(rig.order(PodOrder::Release(key(1))).await, NONE);
    });
}

/// News wait for whoever registers; what has ended does not begin again.
#[test]
fn the_last_news_are_told_to_whoever_comes() {
    in_system(async {
        let mut rig = Rig::connected().await;
        rig.tell(1, exited(3)).await;
        rig.tell(1, started()).await;
        assert_eq!(rig.launch(1).await, NONE);
        assert_eq!(rig.hear().await, (1, exited(3)));
        // Told once more to a keeper that was made anew, and to one that asks by stopping it.
        let keeper = rig.ear.clone().recipient();
        rig.order(PodOrder::Register(key(1), keeper)).await;
        assert_eq!(rig.hear().await, (1, exited(3)));
        assert_eq!(rig.order(PodOrder::Stop(key(1))).await, NONE);
        assert_eq!(rig.hear().await, (1, exited(3)));
    });
}

/// Nothing is left of an abandoned run: no process, no record, no file.
#[test]
fn an_abandoned_run_leaves_nothing() {
    in_system(async {
        let rig = Rig::connected().await;
        let folder = rig.runs.path().join("run");
        std::fs::create_dir(&folder).unwrap();
        for node in 1..=3 {
            rig.launch(node).await;
        }
        rig.tell(1, exited(0)).await;
        let abandon = rig.order(PodOrder::Abandon("run".to_owned())).await;
        let expected = ["release run/1", "stop in 700 run/2", "stop in 700 run/3"];
        assert_eq!(abandon, expected);
        assert_eq!(rig.tell(2, exited(143)).await, ["release run/2"]);
        assert!(folder.exists());
        assert_eq!(rig.tell(3, exited(143)).await, ["release run/3"]);
        let deadline = Instant::now() + Duration::from_secs(30);
        while folder.exists() {
            assert!(Instant::now() < deadline, "the folder stays");
            tokio::task::yield_now().await;
        }
    });
}

/// The price of an order does not grow with the queue: a search through it would take hours here.
#[test]
fn a_long_queue_is_as_quick_as_a_short_one() {
    let mut pods = Pods::new(1);
    assert_eq!(pods.show(Vec::new()), []);
    let count = 100_000;
    let before = Instant::now();
    for node in 0..count {
        pods.launch(key(node), work());
    }
    assert_eq!(pods.next().map(|(key, _)| key), Some(key(0)));
    for node in (1..count).rev() {
        assert_eq!(pods.stop(&key(node)), Stop::NeverBegun);
    }
    assert_eq!((pods.waiting(), pods.alive()), (0, 1));
    assert!(before.elapsed() < Duration::from_secs(60));
}
