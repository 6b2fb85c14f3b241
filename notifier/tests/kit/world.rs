//! A notifier in a folder of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpServer};
use tempfile::TempDir;
use tokio::sync::watch;
use usher_api::approval::{Asked, Policy};
use usher_ledger::tasks::{
    LinkRow, MailPhase, MailRow, MailWrite, NewCommand, RecordRow, TaskOpening, TaskReader,
    TaskRow, TaskWrite,
};
use usher_ledger::{
    Birth, Durability, Error, Fence, Head, NodeRow, Outcome, People, Quiet, Reader as _, Sqlite,
    Write, Writer, part_of,
};
use usher_notifier::api::{self, Api};
use usher_notifier::desk::{Caller, Desk};
use usher_notifier::gate::{Gate, task_of};
use usher_notifier::pages::{self, Pages};
use usher_notifier::ports::{Bells, Clock as _, Ports, Settings};
use usher_notifier::store::Store;
use usher_notifier::timers;
use usher_notifier_core::task::Task;
use usher_notifier_core::token::Ring;

use super::asking::asked;
use super::browser::{Answer, Browser};
use super::parts::{Board, Ear, Hand, Named, ring, settings};

/// A ledger, people, a clock, and the pages on a listener.
pub(crate) struct World {
    pub(crate) clock: Arc<Hand>,
    pub(crate) people: Arc<Board>,
    pub(crate) ear: Arc<Ear>,
    pub(crate) caller: Arc<Named>,
    pub(crate) keys: watch::Sender<Arc<Ring>>,
    pub(crate) ending: watch::Sender<bool>,
    pub(crate) ports: Ports,
    pub(crate) gate: Gate,
    pub(crate) server: SocketAddr,
    pub(crate) path: PathBuf,
    fences: Vec<Fence>,
    born: Mutex<u32>,
    _folder: TempDir,
}

impl World {
    /// A world with the usual settings.
    pub(crate) async fn new() -> World {
        World::with(|_| ()).await
    }

    /// A world with settings of its own.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> World {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = Sqlite::open(&path, Durability::Normal, "boot").unwrap();
        let fences = ledger.take_over_all("tester").unwrap();
        let writer = Writer::spawn(Box::new(ledger), Box::new(|_: &Error| ()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let mut settings = settings(&format!("http://{server}"));
        change(&mut settings);
        let reading = path.clone();
        let open = move || -> Result<Box<dyn TaskReader + Send>, Error> {
            Ok(Box::new(Sqlite::reader(&reading)?))
        };
        let (keys, ring_now) = watch::channel(ring(&[1]));
        let (ending, is_ending) = watch::channel(false);
        let (clock, people, ear) = (Hand::new(), Board::new(), Arc::new(Ear::default()));
        let ports = Ports {
            store: Store::new(writer, Arc::new(open)),
            clock: clock.clone(),
            directory: people.clone(),
            ring: ring_now,
            wake: ear.clone(),
            bells: Arc::new(Bells::default()),
            settings: Arc::new(settings),
            ending: is_ending,
        };
        let caller = Arc::new(Named(Mutex::new(None)));
        serve(listener, &ports, caller.clone());
        World {
            gate: Gate::new(ports.clone()),
            clock,
            people,
            ear,
            caller,
            keys,
            ending,
            ports,
            server,
            path,
            fences,
            born: Mutex::new(0),
            _folder: folder,
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, ms: i64) {
        self.clock.pass(ms);
    }

    /// A browser at this address.
    pub(crate) fn browser(&self, from: &str) -> Browser {
        Browser::new(self.server, &self.ports.settings.base_url, from)
    }

    /// A program on this machine, without a proxy.
    pub(crate) fn direct(&self) -> Browser {
        self.browser("")
    }

    /// Bears a run that asks, and has the request opened. Gives the task's id.
    pub(crate) async fn ask(&self, policy: Policy) -> String {
        let asked = self.next_asked(policy);
        let id = asked.task.clone();
        self.open(&[asked]).await;
        self.sweep().await;
        id
    }

    /// What the next run asks.
    pub(crate) fn next_asked(&self, policy: Policy) -> Asked {
        let mut born = self.born.lock().unwrap();
        *born += 1;
        asked(&format!("run-{born}"), 1, policy, self.clock.now_ms())
    }

    /// Bears a run whose first turn opens these tasks.
    pub(crate) async fn open(&self, all: &[Asked]) {
        let run = all[0].run.clone();
        let opening = |asked: &Asked| TaskOpening {
            id: asked.task.clone(),
            node: asked.node,
            body: serde_json::to_vec(asked).unwrap(),
        };
        let birth = Birth {
            fence: self.fence(&run),
            namespace: "default".to_owned(),
            name: format!("name-of-{run}"),
            created_ms: 1,
            plan_hash: "plan".to_owned(),
            plan: b"{}".to_vec(),
            head: Head {
                phase: "Running".to_owned(),
                parked: None,
                started_ms: Some(1),
                finished_ms: None,
                quiet: Quiet::Forever,
                body: b"{}".to_vec(),
            },
            scope: None,
            nodes: vec![NodeRow {
                ix: 0,
                parent: None,
                live: true,
                body: b"{}".to_vec(),
            }],
            key: None,
            people: People {
                opens: all.iter().map(opening).collect(),
                ..People::default()
            },
            uid: run,
        };
        let outcome = self
            .ports
            .store
            .write(Write::Birth(Box::new(birth)))
            .await
            .unwrap();
        assert_eq!(outcome, Outcome::Committed { version: 1 });
    }

    /// Everything that is due now is done.
    pub(crate) async fn sweep(&self) {
        timers::sweep(&self.ports).await.unwrap();
    }

    /// Opens a link, chooses, reads for three seconds, and sends the form.
    pub(crate) async fn vote(&self, browser: &mut Browser, link: &str, word: &str) -> Answer {
        let form = browser.get(link).await.form(link).with("decision", word);
        self.pass(3_000);
        browser.submit(&form).await
    }

    /// A server takes every mail of a task that waits.
    pub(crate) async fn deliver(&self, task: &str) {
        let mails = self.mail_rows(task).await;
        for row in mails.iter().filter(|row| row.phase == MailPhase::Queued) {
            let now_ms = self.clock.now_ms();
            let mut write = MailWrite {
                id: row.id,
                lease: row.lease,
                phase: MailPhase::Leased,
                due_ms: Some(now_ms + 120_000),
                attempts: 1,
                sent_ms: None,
                error: None,
                boxed: None,
                command: None,
            };
            let leased = Write::Mail(Box::new(write.clone()));
            self.ports.store.write(leased).await.unwrap();
            write.lease += 1;
            write.phase = MailPhase::Sent;
            write.due_ms = None;
            write.sent_ms = Some(now_ms);
            self.ports
                .store
                .write(Write::Mail(Box::new(write)))
                .await
                .unwrap();
        }
    }

    /// Rewrites a task as another release or round would have left it.
    pub(crate) async fn rewrite(&self, id: &str, change: impl FnOnce(&mut Task)) {
        let (row, mut task) = self.task(id).await;
        change(&mut task);
        let write = TaskWrite {
            id: row.id,
            version: row.version,
            state: row.state,
            open: row.open,
            due_ms: row.due_ms,
            closed_ms: row.closed_ms,
            body: serde_json::to_vec(&task).unwrap(),
            links: Vec::new(),
            mails: Vec::new(),
            record: Vec::new(),
            erase: Vec::new(),
            answer: None,
            command: None,
        };
        self.ports
            .store
            .write(Write::Task(Box::new(write)))
            .await
            .unwrap();
    }

    /// The ledger's file as SQL, for what no program of ours would do.
    pub(crate) fn sql(&self, text: &str) {
        let file = rusqlite::Connection::open(&self.path).unwrap();
        file.execute_batch(text).unwrap();
    }

    /// The right to write a run.
    pub(crate) fn fence(&self, run: &str) -> Fence {
        self.fences[usize::from(part_of(run))]
    }

    /// The desk, as this account sees it.
    pub(crate) fn desk(&self, account: &str) -> (Desk, Caller) {
        let caller = Caller {
            account: account.to_owned(),
            operator: account == "root",
            via: "api",
        };
        (Desk::new(self.ports.clone()), caller)
    }

    /// A stop, a terminate or a delete of the task's run, as the server accepts it.
    pub(crate) async fn halt(&self, task: &str) {
        let (row, _) = self.task(task).await;
        let halt = Write::Halt {
            command: NewCommand {
                run: row.run,
                kind: "terminate".to_owned(),
                body: br#"{"verb":"terminate","by":"sam"}"#.to_vec(),
                key: None,
            },
            reason: "Stopped with strategy 'Terminate'".to_owned(),
        };
        self.ports.store.write(halt).await.unwrap();
    }

    /// A task with its row.
    pub(crate) async fn task(&self, id: &str) -> (TaskRow, Task) {
        let row = self.read(id, |reader, id| reader.task(id)).await.unwrap();
        let task = task_of(&row).unwrap();
        (row, task)
    }

    /// The row alone, to be compared.
    pub(crate) async fn row(&self, id: &str) -> TaskRow {
        self.task(id).await.0
    }

    /// The slot's links, the oldest first.
    pub(crate) async fn links(&self, id: &str, slot: u32) -> Vec<LinkRow> {
        let mut all = self.read(id, |reader, id| reader.links(id)).await;
        all.retain(|link| link.slot == slot);
        all.sort_by_key(|link| (link.created_ms, link.revoked));
        all
    }

    /// The token of the slot's live link.
    pub(crate) async fn token(&self, id: &str, slot: u32) -> String {
        let links = self.links(id, slot).await;
        let live = links.iter().rev().find(|link| !link.revoked);
        let live = live.unwrap_or_else(|| panic!("no live link of slot {slot}: {links:?}"));
        let bytes: [u8; 16] = live.id.clone().try_into().unwrap();
        self.ports.keys().seal(live.key, &bytes).unwrap()
    }

    /// The path of the slot's live link.
    pub(crate) async fn link(&self, id: &str, slot: u32) -> String {
        format!("/a/{}", self.token(id, slot).await)
    }

    /// The task's mails: kind and recipient, in the order of posting.
    pub(crate) async fn mails(&self, id: &str) -> Vec<(String, String)> {
        let all = self.mail_rows(id).await;
        all.into_iter()
            .map(|row| (row.mail.kind, row.mail.recipient))
            .collect()
    }

    pub(crate) async fn mail_rows(&self, id: &str) -> Vec<MailRow> {
        self.read(id, |reader, id| reader.mails_of_task(id)).await
    }

    pub(crate) async fn record(&self, id: &str) -> Vec<RecordRow> {
        self.read(id, |reader, id| reader.record(id)).await
    }

    /// The record's entries as JSON.
    pub(crate) async fn entries(&self, id: &str) -> Vec<serde_json::Value> {
        let rows = self.record(id).await;
        rows.iter()
            .map(|row| serde_json::from_slice(&row.entry).unwrap())
            .collect()
    }

    /// The commands that wait in the inbox of the task's run.
    pub(crate) async fn commands(&self, id: &str) -> Vec<serde_json::Value> {
        let run = self.row(id).await.run;
        let mut reader = Sqlite::reader(&self.path).unwrap();
        let all = reader.pending_commands(&run).unwrap();
        all.iter()
            .map(|command| serde_json::from_slice(&command.body).unwrap())
            .collect()
    }

    async fn read<T: Send + 'static>(
        &self,
        id: &str,
        job: impl FnOnce(&mut dyn TaskReader, &str) -> Result<T, Error> + Send + 'static,
    ) -> T {
        let id = id.to_owned();
        self.ports
            .store
            .read(move |reader| job(reader, &id))
            .await
            .unwrap()
    }
}

fn serve(listener: TcpListener, ports: &Ports, caller: Arc<Named>) {
    let operators = vec!["root".to_owned()];
    let api = Arc::new(Api::new(ports.clone(), caller, operators).unwrap());
    let pages = Arc::new(Pages::new(ports.clone()).unwrap());
    let app = move || {
        App::new()
            .configure(|config| pages::configure(config, pages.clone()))
            .configure(|config| api::configure(config, api.clone()))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap();
    actix_web::rt::spawn(server.run());
}
