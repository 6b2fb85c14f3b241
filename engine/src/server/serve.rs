//! Accepting clients: one task each, one line at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Take};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use usher_notifier::caller;

use super::protocol::{Answer, Request, RunRef, VERSION};
use super::read::failed;
use super::requests::{Api, line};
use crate::actors::shell::Changed;

/// A request line may be this long: twice the largest file, escaped.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// A watcher is told at most this often.
const WATCH_EVERY: Duration = Duration::from_millis(60);

/// Telling a watcher may take at most one part in so many of the time.
const WATCH_SHARE: u32 = 16;

/// A watcher is told at least this often, if anything changed.
const WATCH_AT_LEAST: Duration = Duration::from_secs(5);

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
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

type Lines = BufReader<Take<OwnedReadHalf>>;

async fn client(stream: UnixStream, api: Arc<Api>) -> std::io::Result<()> {
    let _counted = api.count_client();
    let by = caller(&stream);
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader.take(LINE_MAX));
    let mut request = String::new();
    loop {
        request.clear();
        lines.get_mut().set_limit(LINE_MAX);
        if lines.read_line(&mut request).await? == 0 {
            return Ok(());
        }
        if !request.ends_with('\n') {
            let message = format!("a request is longer than {LINE_MAX} bytes or cut off");
            return say(&mut writer, &failed("bad-request", message)).await;
        }
        match serde_json::from_str::<Request>(&request) {
            Ok(Request::Watch { run }) => watch(&api, run, &mut lines, &mut writer).await?,
            Ok(Request::Await { run }) => end_of(&api, run, &mut lines, &mut writer).await?,
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
            Ok(request) => writer.write_all(&api.answer(request, &by).await).await?,
            Err(error) => {
                say(&mut writer, &failed("bad-request", error.to_string())).await?;
            }
        }
    }
}

async fn say(writer: &mut OwnedWriteHalf, answer: &Answer) -> std::io::Result<()> {
    writer.write_all(&line(answer)).await
}

/// Tells the object now and after changes until the run has ended, but never so often that
/// telling becomes a burden on the engine.
async fn watch(
    api: &Api,
    run: RunRef,
    lines: &mut Lines,
    writer: &mut OwnedWriteHalf,
) -> std::io::Result<()> {
    let mut changes = api.changes();
    let uid = match api.find(&run).await {
        Ok(uid) => uid,
        Err(answer) => return say(writer, &answer).await,
    };
    let run = RunRef { name: uid, ..run };
    loop {
        let began = Instant::now();
        // Asked first: an end after this is told by a change.
        let ended = !matches!(api.end_of(run.name.clone()).await, Ok(None));
        let answer = api.read(Request::Get { run: run.clone() }).await;
        let cost = began.elapsed();
        writer.write_all(&answer).await?;
        if ended {
            return Ok(());
        }
        let pause = (cost * WATCH_SHARE).clamp(WATCH_EVERY, WATCH_AT_LEAST);
        if !change(&mut changes, &run.name, pause, lines).await {
            return Ok(());
        }
    }
}

/// Waits for a change of the run and then for the pause, which the run's end cuts short; false when
/// nobody listens any more.
async fn change(
    changes: &mut Receiver<Changed>,
    uid: &str,
    pause: Duration,
    lines: &mut Lines,
) -> bool {
    let until = tokio::time::Instant::now() + pause;
    let mut changed = false;
    loop {
        tokio::select! {
            news = changes.recv() => match news {
                Ok(news) if *news.run == *uid => {
                    if news.ended {
                        return true;
                    }
                    changed = true;
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => changed = true,
                Err(RecvError::Closed) => return false,
            },
            () = tokio::time::sleep_until(until), if changed => return true,
            gone = lines.fill_buf() => {
                // A client that asks anew while it watches does not want to watch any more.
                let _ = gone;
                return false;
            }
        }
    }
}

/// Tells the object without nodes when the run has ended.
async fn end_of(
    api: &Api,
    run: RunRef,
    lines: &mut Lines,
    writer: &mut OwnedWriteHalf,
) -> std::io::Result<()> {
    let mut changes = api.changes();
    let uid = match api.find(&run).await {
        Ok(uid) => uid,
        Err(answer) => return say(writer, &answer).await,
    };
    loop {
        match api.end_of(uid.clone()).await {
            Ok(Some(answer)) | Err(answer) => return say(writer, &answer).await,
            Ok(None) => {}
        }
        if !change(&mut changes, &uid, Duration::ZERO, lines).await {
            return Ok(());
        }
    }
}

/// The account at the other end: its name, or its number when it has none.
fn caller(stream: &UnixStream) -> String {
    let Ok(credentials) = stream.peer_cred() else {
        return "unknown".to_owned();
    };
    caller::account_name(credentials.uid())
}
