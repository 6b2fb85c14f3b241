//! The loop: takes due mails, as many at a time as the transport carries, and minds the server.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use usher_ledger::tasks::MailRow;

use super::TellGate;
use super::breaker::{Breaker, Leave};
use super::carry::{Carrier, End};
use super::rates::{Meter, Rates};
use super::transport::Transport;
use crate::ports::Ports;

/// Rows that are read at a time.
const BATCH: usize = 64;

/// The longest pause between two looks at the ledger, whatever the bells say.
const TICK_MS: i64 = 1000;

/// How long the first mail after a pause waits for company: who has just decided, or asked, has the
/// ledger to himself until his run has gone on.
const COMPANY: Duration = Duration::from_millis(10);

/// How long what is on its way may take when the process ends.
const ENDING: Duration = Duration::from_secs(10);

/// The loop and what it holds.
pub(super) struct Queue {
    carrier: Arc<Carrier>,
    breaker: Breaker,
    meter: Meter,
    /// Read, not begun.
    waiting: VecDeque<MailRow>,
    /// On their way.
    jobs: JoinSet<End>,
    /// Which job has which mail, and whether it is the probe.
    flying: HashMap<Id, (i64, bool)>,
    /// Whether the ledger may hold due rows that were not seen.
    look: bool,
}

impl Queue {
    pub(super) fn new(
        ports: Ports,
        transport: Arc<dyn Transport>,
        gate: Arc<dyn TellGate>,
        rates: Rates,
    ) -> Queue {
        Queue {
            carrier: Arc::new(Carrier::new(ports, transport, gate)),
            breaker: Breaker::default(),
            meter: Meter::new(rates),
            waiting: VecDeque::new(),
            jobs: JoinSet::new(),
            flying: HashMap::new(),
            look: true,
        }
    }

    pub(super) async fn run(mut self) {
        let bells = self.carrier.ports.bells.clone();
        let mut ending = self.carrier.ports.ending.clone();
        while !*ending.borrow() {
            // Listens before it looks: a mail that is posted in between rings.
            let rung = bells.mails.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            self.fill().await;
            let pause = self.pause().await;
            tokio::select! {
                Some(done) = self.jobs.join_next_with_id() => self.landed(done),
                () = &mut rung => {
                    if self.jobs.is_empty() {
                        tokio::time::sleep(COMPANY).await;
                    }
                    self.look = true;
                }
                () = ends(&mut ending) => break,
                () = tokio::time::sleep(pause) => {
                    self.look = true;
                    if self.jobs.is_empty() {
                        self.carrier.transport.rest().await;
                    }
                }
            }
        }
        self.finish().await;
    }

    /// Waits for what is on its way. What does not end in time stays leased, and goes again.
    async fn finish(mut self) {
        let all = async {
            while let Some(done) = self.jobs.join_next_with_id().await {
                self.landed(done);
            }
        };
        if tokio::time::timeout(ENDING, all).await.is_err() {
            tracing::warn!("mails on their way are left; they go again when their leases end");
        }
    }

    /// Begins as many mails as may be on their way.
    async fn fill(&mut self) {
        while self.jobs.len() < self.carrier.transport.parallel().max(1) {
            let now_ms = self.carrier.ports.clock.now_ms();
            let leave = self.breaker.leave(now_ms);
            if matches!(leave, Leave::Wait(_) | Leave::Probing) {
                return;
            }
            if self.waiting.is_empty() && self.look {
                self.read(now_ms).await;
            }
            let Some(row) = self.waiting.pop_front() else {
                return;
            };
            self.begin(row, leave == Leave::One, now_ms);
        }
    }

    async fn read(&mut self, now_ms: i64) {
        let limit = BATCH + self.flying.len();
        let store = &self.carrier.ports.store;
        match store.read(move |r| r.mails_due(now_ms, limit)).await {
            Ok(rows) => {
                self.look = rows.len() == limit;
                let flying = &self.flying;
                let flies = |id: i64| flying.values().any(|(mail, _)| *mail == id);
                let new = rows.into_iter().filter(|row| !flies(row.id));
                self.waiting.extend(new);
            }
            Err(error) => {
                self.look = false;
                tracing::warn!(error = %error.chain(), "due mails cannot be read");
            }
        }
    }

    fn begin(&mut self, row: MailRow, probe: bool, now_ms: i64) {
        let id = row.id;
        let carrier = self.carrier.clone();
        let handle = match self.meter.ask(&row.mail.recipient, now_ms) {
            Some(later) => self
                .jobs
                .spawn(async move { carrier.put_off(row, later).await }),
            None => self.jobs.spawn(async move { carrier.carry(row).await }),
        };
        self.flying.insert(handle.id(), (id, probe));
        if probe {
            self.breaker.probe();
        }
    }

    fn landed(&mut self, done: Result<(Id, End), JoinError>) {
        let now_ms = self.carrier.ports.clock.now_ms();
        let job = match &done {
            Ok((job, _)) => *job,
            Err(error) => error.id(),
        };
        let (mail, probe) = self.flying.remove(&job).unwrap_or_default();
        match done {
            Ok((_, End::Answered)) => {
                if self.breaker.good() {
                    tracing::info!("the mail server answers again");
                }
            }
            Ok((_, End::Fault(reason))) => match self.breaker.bad(probe, now_ms) {
                Some(until) => tracing::error!(
                    seconds = (until - now_ms) / 1000,
                    %reason,
                    "mail cannot be sent; the mail server is left alone for a while"
                ),
                None => tracing::warn!(mail, %reason, "mail cannot be sent"),
            },
            Ok((_, End::Nothing)) => self.breaker.nothing(probe),
            Err(error) => {
                self.breaker.nothing(probe);
                tracing::error!(mail, %error, "a fault of ours: a mail was not carried to its end");
            }
        }
    }

    /// How long nothing need be looked at.
    async fn pause(&mut self) -> Duration {
        let now_ms = self.carrier.ports.clock.now_ms();
        let next = match self.breaker.leave(now_ms) {
            Leave::Wait(until) => Some(until),
            Leave::Probing => None,
            Leave::All | Leave::One if self.jobs.is_empty() => {
                let store = &self.carrier.ports.store;
                store.read(|r| r.next_mail_due()).await.ok().flatten()
            }
            Leave::All | Leave::One => None,
        };
        let pause = next.map_or(TICK_MS, |next| (next - now_ms).clamp(1, TICK_MS));
        Duration::from_millis(pause.unsigned_abs())
    }
}

/// Waits for the end of the process.
async fn ends(ending: &mut watch::Receiver<bool>) {
    // An error means that whoever could tell is gone, which is the end as well.
    let _ = ending.wait_for(|ends| *ends).await;
}
