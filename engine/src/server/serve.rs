//! Accepting clients: one task each, one line at a time.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;

use super::protocol::{Answer, Request, RunRef, VERSION};
use super::requests::Api;
use crate::actors::shell::Changed;

/// A request line may be this long: twice the largest file, escaped.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// A watcher is told at most this often, milliseconds.
const WATCH_MS: u64 = 60;

/// Accepts clients until the listener is dropped.
pub async fn serve(listener: UnixListener, api: Arc<Api>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let api = api.clone();
                actix_rt::spawn(async move {
                    if let Err(error) = client(stream, api).await {
                        tracing::debug!(%error, "a client went away");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a client cannot be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn client(stream: UnixStream, api: Arc<Api>) -> std::io::Result<()> {
    let by = caller(&stream);
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader.take(LINE_MAX));
    let mut line = String::new();
    loop {
        line.clear();
        lines.get_mut().set_limit(LINE_MAX);
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if !line.ends_with('\n') {
            let message = format!("a request is longer than {LINE_MAX} bytes or cut off");
            return say(&mut writer, &failed("bad-request", message)).await;
        }
        match serde_json::from_str::<Request>(&line) {
            Ok(Request::Watch { run }) => watch(&api, &run, &mut writer).await?,
            Ok(Request::Shutdown) => {
                say(&mut writer, &Answer::Ok).await?;
                api.shut_down();
            }
            Ok(Request::Hello { version }) if version != VERSION => {
                let message = format!(
                    "this engine speaks version {VERSION} of its protocol, the client {version}: \
                     use the same usher for both"
                );
                say(&mut writer, &failed("bad-request", message)).await?;
            }
            Ok(request) => {
                let answer = api.answer(request, &by).await;
                say(&mut writer, &answer).await?;
            }
            Err(error) => {
                say(&mut writer, &failed("bad-request", error.to_string())).await?;
            }
        }
    }
}

fn failed(code: &str, message: String) -> Answer {
    Answer::Failed {
        code: code.to_owned(),
        message,
    }
}

async fn say(writer: &mut OwnedWriteHalf, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    writer.write_all(&line).await
}

/// Tells the object now and after changes, at most every few milliseconds, until the run ends.
async fn watch(api: &Api, run: &RunRef, writer: &mut OwnedWriteHalf) -> std::io::Result<()> {
    let mut changes = api.changes();
    let uid = match api.find(run).await {
        Ok(uid) => uid,
        Err(answer) => return say(writer, &answer).await,
    };
    loop {
        let answer = api.object(&uid).await;
        let goes_on = matches!(&answer, Answer::Object { object, .. }
            if !crate::server::requests::has_ended(object));
        say(writer, &answer).await?;
        if !goes_on {
            return Ok(());
        }
        loop {
            match changes.recv().await {
                Ok(Changed { run, .. }) if *run == *uid => break,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return Ok(()),
            }
        }
        // Several turns in a row make one picture.
        tokio::time::sleep(std::time::Duration::from_millis(WATCH_MS)).await;
        while let Ok(_) | Err(tokio::sync::broadcast::error::TryRecvError::Lagged(_)) =
            changes.try_recv()
        {}
    }
}

/// The account at the other end: its name, or its number when it has none.
fn caller(stream: &UnixStream) -> String {
    let Ok(credentials) = stream.peer_cred() else {
        return "unknown".to_owned();
    };
    account_name(credentials.uid())
}

/// The name of an account by the local table, else `uid-N`.
#[must_use]
pub fn account_name(uid: u32) -> String {
    let table = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let wanted = uid.to_string();
    table
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            Some((fields.next()?, fields.nth(1)?))
        })
        .find(|(_, number)| *number == wanted)
        .map_or_else(|| format!("uid-{uid}"), |(name, _)| name.to_owned())
}
