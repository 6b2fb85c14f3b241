//! The ground of these tests: a ledger in a temporary folder, a clock that only the test moves, a
//! gate that notes what it is told, and a courier that can be killed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use usher_ledger::tasks::{LinkRow, MailPhase, MailRow, NewMail, TaskOpening, TaskWrite};
use usher_ledger::{
    Birth, Clock as LedgerClock, Durability, Handle, Head, Outcome, People as Asks, Quiet, Sqlite,
    Write, Writer,
};
use usher_notifier::courier::{self, Pending, Rates, TellGate, Transport};
use usher_notifier::ports::{Bells, Clock, Directory, Ports, Settings, Wake};
use usher_notifier::store::{Reading, Store};
use usher_notifier_core::people::People;
use usher_notifier_core::task::{State, Task};
use usher_notifier_core::token::Ring;

use crate::parts::{asked, settings, slot};

pub(crate) use crate::parts::{link, patient, port_of, request, transport, written};

/// When tests begin: 2026-11-27T12:00:00Z.
pub(crate) const NOON: i64 = 1_795_780_800_000;
pub(crate) const MINUTE: i64 = 60_000;

/// A clock that only the test moves; it counts who looks at it.
#[derive(Debug)]
pub(crate) struct TestClock {
    now: AtomicI64,
    looks: AtomicUsize,
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.now.load(Ordering::SeqCst)
    }
}

/// Notes what the courier tells the gate.
#[derive(Debug, Default)]
pub(crate) struct Told(pub Mutex<Vec<(String, u32, String)>>);

impl TellGate for Told {
    fn undeliverable<'a>(
        &'a self,
        task: &'a str,
        slot: u32,
        why: &'a str,
    ) -> Pending<'a, Result<(), String>> {
        let note = (task.to_owned(), slot, why.to_owned());
        self.0.lock().expect("no panic").push(note);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[derive(Default)]
pub(crate) struct Woken(pub Mutex<Vec<String>>);

impl Wake for Woken {
    fn wake(&self, run: &str) {
        self.0.lock().expect("no panic").push(run.to_owned());
    }
}

struct Nobody;

impl Directory for Nobody {
    fn people(&self) -> Result<Arc<People>, String> {
        Ok(Arc::default())
    }
}

pub(crate) struct Ground {
    pub ports: Ports,
    pub clock: Arc<TestClock>,
    pub told: Arc<Told>,
    pub woken: Arc<Woken>,
    _ring: watch::Sender<Arc<Ring>>,
    ending: watch::Sender<bool>,
    courier: Option<JoinHandle<()>>,
    fences: Vec<usher_ledger::Fence>,
    handle: Handle,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Ground {
    pub(crate) fn new() -> Ground {
        Ground::with(|_| ())
    }

    /// A ground with other settings.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Ground {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.db");
        let clock = Arc::new(TestClock {
            now: AtomicI64::new(NOON),
            looks: AtomicUsize::new(0),
        });
        let mut ledger =
            Sqlite::open(&path, Durability::Normal, "boot").expect("a ledger can be made");
        let stamped = clock.clone();
        ledger.set_clock(LedgerClock::new(move || stamped.now.load(Ordering::SeqCst)));
        let fences = ledger.take_over_all("test").expect("nobody else has it");
        let handle = Writer::spawn(Box::new(ledger), Box::new(|error| panic!("{error}")));
        let reading = path.clone();
        let open = move || -> Result<Reading, usher_ledger::Error> {
            Ok(Box::new(Sqlite::reader(&reading)?))
        };
        let store = Store::new(handle.clone(), Arc::new(open));
        let ring = Ring::new("test", vec![(1, [7; 32])], 1);
        let (ring, rings) = watch::channel(Arc::new(ring));
        let (ending, ends) = watch::channel(false);
        let woken = Arc::new(Woken::default());
        let mut settings = settings();
        change(&mut settings);
        let ports = Ports {
            store,
            clock: clock.clone(),
            directory: Arc::new(Nobody),
            ring: rings,
            wake: woken.clone(),
            bells: Arc::new(Bells::default()),
            settings: Arc::new(settings),
            ending: ends,
        };
        Ground {
            ports,
            clock,
            told: Arc::default(),
            woken,
            _ring: ring,
            ending,
            courier: None,
            fences,
            handle,
            path,
            _folder: folder,
        }
    }

    /// Starts the courier.
    pub(crate) fn start(&mut self, transport: Arc<dyn Transport>) {
        self.start_at(transport, Rates::default());
    }

    pub(crate) fn start_at(&mut self, transport: Arc<dyn Transport>, rates: Rates) {
        let run = courier::run(self.ports.clone(), transport, self.told.clone(), rates);
        self.courier = Some(tokio::spawn(run));
    }

    /// Kills the courier, in the middle of whatever it does.
    pub(crate) async fn kill(&mut self) {
        if let Some(courier) = self.courier.take() {
            courier.abort();
            let _ = courier.await;
        }
    }

    /// Ends the courier as a process does.
    pub(crate) async fn end(&mut self) {
        self.ending.send_replace(true);
        if let Some(courier) = self.courier.take() {
            courier.await.expect("it ends well");
        }
        self.ending.send_replace(false);
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now.load(Ordering::SeqCst)
    }

    /// Moves the clock, and rings.
    pub(crate) fn advance(&self, ms: i64) {
        self.clock.now.fetch_add(ms, Ordering::SeqCst);
        self.ports.bells.mails.notify_one();
    }

    /// Waits until the courier has looked at the clock and at the ledger again.
    pub(crate) async fn looked(&self) {
        for _ in 0..3 {
            let before = self.clock.looks.load(Ordering::SeqCst);
            self.ports.bells.mails.notify_one();
            let more = || self.clock.looks.load(Ordering::SeqCst) > before + 1;
            until("the courier looks", || std::future::ready(more())).await;
        }
    }

    pub(crate) async fn write(&self, write: Write) -> Outcome {
        self.ports.store.write(write).await.expect("it is written")
    }

    pub(crate) async fn post(&self, mails: Vec<NewMail>) {
        let outcome = self.write(Write::Post(mails)).await;
        assert!(!matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
        self.ports.bells.mails.notify_one();
    }

    pub(crate) async fn mail(&self, key: &str) -> MailRow {
        let key = key.to_owned();
        let row = self.ports.store.read(move |r| r.mail_of_key(&key)).await;
        row.expect("it can be read").expect("it was posted")
    }

    /// Waits until a mail is in this phase.
    pub(crate) async fn wait(&self, key: &str, phase: MailPhase) -> MailRow {
        until(&format!("{key} is {phase:?}"), || async {
            self.mail(key).await.phase == phase
        })
        .await;
        self.mail(key).await
    }

    /// Waits until nothing waits in the outbox.
    pub(crate) async fn wait_empty(&self) {
        until("the outbox is empty", || async {
            let next = self.ports.store.read(|r| r.next_mail_due()).await;
            next.expect("it can be read").is_none()
        })
        .await;
    }

    /// A run with one request, whose slots are for these addresses.
    pub(crate) async fn request(&self, run: &str, addresses: &[&str]) -> Task {
        let id = format!("task-of-{run}");
        let asked = asked(&id, run);
        let body = serde_json::to_vec(&asked).expect("plain data");
        let opening = TaskOpening {
            id: id.clone(),
            node: 1,
            body,
        };
        let outcome = self
            .write(Write::Birth(Box::new(self.birth(run, opening))))
            .await;
        assert!(matches!(outcome, Outcome::Committed { .. }), "{outcome:?}");
        let mut task = Task::opening(asked);
        task.state = State::Pending;
        task.slots = addresses.iter().map(|address| slot(address)).collect();
        let slots = 0..u32::try_from(addresses.len()).expect("few");
        let links = slots.map(|slot| link(&id, slot)).collect();
        self.move_task(&task, 1, true, links).await;
        task
    }

    /// Writes a task as the gate would.
    pub(crate) async fn move_task(
        &self,
        task: &Task,
        version: i64,
        open: bool,
        links: Vec<LinkRow>,
    ) {
        let write = TaskWrite {
            id: task.asked.task.clone(),
            version,
            state: format!("{:?}", task.state),
            open,
            due_ms: None,
            closed_ms: (!open).then_some(self.now()),
            body: serde_json::to_vec(task).expect("plain data"),
            links,
            mails: Vec::new(),
            record: Vec::new(),
            erase: Vec::new(),
            answer: None,
            command: None,
        };
        let outcome = self.write(Write::Task(Box::new(write))).await;
        assert!(matches!(outcome, Outcome::Committed { .. }), "{outcome:?}");
    }

    /// A run that asks nobody.
    pub(crate) async fn run(&self, run: &str) {
        let mut birth = self.birth(
            run,
            TaskOpening {
                id: String::new(),
                node: 0,
                body: Vec::new(),
            },
        );
        birth.people = Asks::default();
        let outcome = self.write(Write::Birth(Box::new(birth))).await;
        assert!(matches!(outcome, Outcome::Committed { .. }), "{outcome:?}");
    }

    /// Commands that wait in a run's inbox.
    pub(crate) fn commands(&self, run: &str) -> Vec<String> {
        use usher_ledger::Reader as _;
        let mut reader = Sqlite::reader(&self.path).expect("a reader");
        let commands = reader.pending_commands(run).expect("it can be read");
        let text = |body: Vec<u8>| String::from_utf8(body).expect("UTF-8");
        commands.into_iter().map(|one| text(one.body)).collect()
    }

    fn birth(&self, run: &str, opening: TaskOpening) -> Birth {
        let part = usher_ledger::part_of(run);
        let fence = self.fences.iter().find(|fence| fence.part == part);
        Birth {
            uid: run.to_owned(),
            fence: *fence.expect("every partition is ours"),
            namespace: "default".to_owned(),
            name: run.to_owned(),
            created_ms: self.now(),
            plan_hash: "plan".to_owned(),
            plan: b"{}".to_vec(),
            head: Head {
                phase: "Running".to_owned(),
                parked: None,
                started_ms: None,
                finished_ms: None,
                quiet: Quiet::Forever,
                body: b"{}".to_vec(),
            },
            scope: None,
            nodes: Vec::new(),
            key: None,
            people: Asks {
                opens: vec![opening],
                ..Asks::default()
            },
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Some(courier) = self.courier.take() {
            courier.abort();
        }
        self.handle.close();
    }
}

/// Waits until something holds, looking again and again; a minute is too long.
pub(crate) async fn until<F, H>(what: &str, holds: F)
where
    F: Fn() -> H,
    H: Future<Output = bool>,
{
    until_within(Duration::from_secs(60), what, holds).await;
}

/// The same with a patience of its own.
pub(crate) async fn until_within<F, H>(patience: Duration, what: &str, holds: F)
where
    F: Fn() -> H,
    H: Future<Output = bool>,
{
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    let within = tokio::time::timeout(patience, waiting).await;
    assert!(within.is_ok(), "not within {patience:?}: {what}");
}
