//! `usher demo`: an expense approval from the mail to the release, with nothing installed.
//!
//! It is an ordinary engine with an ordinary workflow on a state directory of its own: nothing here
//! does what `run`, `submit` or a page does not. With `--play` the same links are walked over HTTP,
//! and it says so.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use usher_core::admit::Overrides;

use super::args::{DemoArgs, Global};
use super::follow::Follower;
use super::run::{Shown, follow_all};
use super::session::{Session, Verb};
use super::submit::{admit_all, send};
use super::{INVALID, output};
use crate::host;
use crate::notifier::web::Web;

pub mod browser;
mod play;

use browser::Browser;
use play::Visit;

/// The workflow.
const EXPENSE: &str = include_str!("demo/expense.yaml");

/// The people of finance.
const PEOPLE: &str = include_str!("demo/people.yaml");

/// How long the mails may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it looks whether they are there.
const LOOK: Duration = Duration::from_millis(20);

/// `usher demo`.
pub(super) fn demo(global: &Global, args: &DemoArgs) -> anyhow::Result<u8> {
    let scratch = Scratch::make(global)?;
    let mut global = global.clone();
    global.state = Some(scratch.dir.clone());
    let people = scratch.dir.join("people.yaml");
    std::fs::write(&people, PEOPLE).with_context(|| format!("write {}", people.display()))?;
    let mut session = Session::open(&global)?;
    session.show_pages();
    let result = show(&mut session, args.play);
    session.dismiss();
    drop(scratch);
    result
}

fn show(session: &mut Session, played: bool) -> anyhow::Result<u8> {
    let mut all = match admit_all("expense.yaml", EXPENSE.as_bytes(), &Overrides::default()) {
        Ok(all) => all,
        Err(faults) => {
            let text = super::view::faults(&faults, Some(EXPENSE), &session.aside);
            output::show_aside(&text);
            return Ok(INVALID);
        }
    };
    let workflow = all.pop().context("the demonstration has a workflow")?;
    let follower = Follower::new()?;
    let sent = send(session, workflow, Verb::Stays, true)?;
    let web = Web::read(&session.state).context("the engine has no pages")?;
    let browser = Browser::new(&web.at.to_string())?;
    let visit = Visit::begin(&browser, &web)?;
    let requests = until("the requests to be in the mailbox", || {
        let letters = visit.letters()?;
        Ok((letters.len() >= 3).then_some(letters))
    })?;
    if played {
        output::print("This is played: nobody clicks, usher walks the same links over HTTP.\n\n")?;
        play::vote(&visit, requests)?;
    } else {
        output::print(&format!(
            "An expense waits for two of the three people in finance. Three mails are out.\n\n  \
             1. Open the mailbox in a browser:  {}\n  \
             2. Open two of the mails, press \"Review and decide\", choose, and submit.\n  \
             3. Come back here: the expense is released, and a mail tells the office.\n\n",
            web.mailbox_url().unwrap_or_default()
        ))?;
    }
    let code = follow_all(session, &follower, &[sent], Shown::Tree, false)?;
    let told = until("the mail of the exit handler", || {
        let letters = visit.letters()?;
        let to_office = |letter: &&play::Letter| letter.to == "office@example.org";
        Ok(letters
            .iter()
            .find(to_office)
            .map(|one| one.subject.clone()))
    })?;
    output::print(&format!(
        "\nThe exit handler has written to office@example.org: {told}\n"
    ))?;
    if !played {
        output::print("It is in the mailbox. Ctrl-C ends the demonstration.\n")?;
        follower.wait_for_signal();
    }
    Ok(code)
}

/// Looks again and again, with a pause, until there is something.
fn until<T>(what: &str, mut look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > end {
            bail!("after {} s there is still not: {what}", PATIENCE.as_secs());
        }
        host::pause(LOOK);
    }
}

/// The state directory of a demonstration: a named one stays, another goes with it.
struct Scratch {
    dir: PathBuf,
    goes: bool,
}

impl Scratch {
    fn make(global: &Global) -> anyhow::Result<Scratch> {
        if let Some(dir) = &global.state {
            std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
            return Ok(Scratch {
                dir: std::path::absolute(dir)?,
                goes: false,
            });
        }
        let name = format!("usher-demo-{}", &super::submit::uuid()[..8]);
        let dir = std::env::temp_dir().join(name);
        make_private(&dir).with_context(|| format!("make {}", dir.display()))?;
        Ok(Scratch { dir, goes: true })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.goes {
            // What cannot be removed lies among the temporary files.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn make_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(dir)
}
