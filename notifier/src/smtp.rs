//! Mail by SMTP: a few connections that are kept and used again, and what each reply means.
//!
//! ```text
//!   connect: name ─► TCP ─► TLS (first byte | STARTTLS | none, loopback only) ─► EHLO ─► login
//!   send:    MAIL ─► RCPT ─► DATA ─► body and final dot
//! ```
//!
//! lettre speaks the protocol; connections are made here, because it sets no `TCP_NODELAY` (45 ms
//! a mail), and because the stage at which a reply came decides what it means.

mod connect;
mod dialog;
mod fault;
mod line;
mod probe;
mod reply;
pub(crate) mod tls;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::transport::smtp::client::AsyncSmtpConnection;
use rustls::ClientConfig;

use crate::courier::{Delivery, Parcel, Pending, Transport};
use crate::ports;

pub use fault::Fault;
pub use probe::{Report, probe};

use dialog::Step;

/// How long the other side may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, with TLS and login.
    pub connect: Duration,
    /// For all that follows.
    pub send: Duration,
}

impl Default for Patience {
    /// Together shorter than a lease.
    fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(30),
            send: Duration::from_secs(60),
        }
    }
}

/// A connection that was idle for so long is closed.
const IDLE: Duration = Duration::from_secs(5);

/// So many mails go over one connection.
const MAILS_A_CONNECTION: u32 = 100;

/// The mail server as a transport.
pub struct Smtp {
    server: Server,
    patience: Patience,
    idle: Mutex<Vec<Kept>>,
}

/// All that a connection needs.
#[derive(Clone)]
struct Server {
    smtp: ports::Smtp,
    /// What we call ourselves.
    hello: String,
    tls: Option<Arc<ClientConfig>>,
}

/// A connection between two mails.
struct Kept {
    connection: AsyncSmtpConnection,
    since: Instant,
    mails: u32,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Smtp").field(&self.server.smtp).finish()
    }
}

impl Server {
    fn new(smtp: ports::Smtp, hello: &str) -> Result<Server, Fault> {
        let tls = match smtp.tls {
            ports::Tls::None => None,
            ports::Tls::Implicit | ports::Tls::StartTls => {
                Some(Arc::new(tls::config(smtp.root.as_deref())?))
            }
        };
        Ok(Server {
            smtp,
            hello: hello.to_owned(),
            tls,
        })
    }
}

impl Smtp {
    /// A transport to this server; `hello` is the domain that we say we are. Connects to nothing.
    ///
    /// # Errors
    /// [`Fault::Root`] when the further root certificate cannot be read.
    pub fn new(smtp: ports::Smtp, hello: &str) -> Result<Smtp, Fault> {
        Ok(Smtp {
            server: Server::new(smtp, hello)?,
            patience: Patience::default(),
            idle: Mutex::default(),
        })
    }

    /// The same with another patience.
    #[must_use]
    pub fn patient(mut self, patience: Patience) -> Smtp {
        self.patience = patience;
        self
    }

    async fn carry(&self, parcel: &Parcel) -> Delivery {
        if let Some(kept) = self.take() {
            match self.over(kept, parcel).await {
                // The server had hung up while the connection was idle: nothing was sent.
                Step::HungUp(_) => {}
                Step::Done(delivery) => return delivery,
            }
        }
        let connecting = connect::connect(&self.server);
        let connection = match tokio::time::timeout(self.patience.connect, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(fault)) => return Delivery::NoServer(fault.chain()),
            Err(_) => {
                let fault = connect::silent(&self.server, self.patience.connect);
                return Delivery::NoServer(fault.chain());
            }
        };
        let kept = Kept {
            connection,
            since: Instant::now(),
            mails: 0,
        };
        match self.over(kept, parcel).await {
            Step::Done(delivery) => delivery,
            Step::HungUp(reason) => Delivery::NoServer(reason),
        }
    }

    /// Sends over a connection, and keeps it if it is good for more.
    async fn over(&self, mut kept: Kept, parcel: &Parcel) -> Step {
        let (step, good) = dialog::send(&mut kept.connection, parcel, self.patience.send).await;
        kept.mails += 1;
        kept.since = Instant::now();
        if good && kept.mails < MAILS_A_CONNECTION {
            self.lock().push(kept);
        } else if good {
            close(kept.connection).await;
        }
        step
    }

    fn take(&self) -> Option<Kept> {
        let mut idle = self.lock();
        idle.retain(|kept| kept.since.elapsed() < IDLE);
        idle.pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says goodbye, without waiting long for an answer.
async fn close(mut connection: AsyncSmtpConnection) {
    let _ = tokio::time::timeout(Duration::from_secs(2), connection.quit()).await;
}

impl Transport for Smtp {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Delivery> {
        Box::pin(self.carry(parcel))
    }

    fn parallel(&self) -> usize {
        usize::try_from(self.server.smtp.connections.clamp(1, 100)).unwrap_or(1)
    }

    fn rest(&self) -> Pending<'_, ()> {
        Box::pin(async {
            let (old, fresh): (Vec<Kept>, Vec<Kept>) = std::mem::take(&mut *self.lock())
                .into_iter()
                .partition(|kept| kept.since.elapsed() >= IDLE);
            self.lock().extend(fresh);
            for kept in old {
                close(kept.connection).await;
            }
        })
    }
}
