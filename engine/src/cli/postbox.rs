//! Tells by the way, once, who is waited for and where mail goes while no mail server is set up.
//!
//! Whoever follows a run must not wonder why it stands still. What is told is the address of the
//! development mailbox with its key; never the link of a request, which decides for somebody else.

use std::collections::BTreeSet;

use serde_json::Value;
use usher_api::approval::PENDING_LABEL;
use usher_core::plan::{End, Plan};
use usher_core::run::RunPhase;

use super::session::Session;
use super::view::text::safe;
use crate::client::Client;
use crate::server::protocol::approvals::Ask;
use crate::server::protocol::{Answer, Request};
use crate::state::StateDir;

/// How a waiting approval says so: the beginning of its node's message.
const WAITING: &str = "waiting";

/// What a workflow has to do with mail.
#[derive(Debug, Clone, Default)]
pub(super) struct Letters {
    /// It may ask people on the way.
    pub(super) asks: bool,
    /// Ends about which somebody is told.
    pub(super) ends: Vec<End>,
}

impl Letters {
    /// What a plan has.
    pub(super) fn of(plan: &Plan) -> Letters {
        Letters {
            asks: plan.approvals().next().is_some(),
            ends: plan.notices.iter().map(|notice| notice.on).collect(),
        }
    }

    /// What an object has; nothing when it cannot be read, for nothing depends on it.
    pub(super) fn of_object(object: &Value) -> Letters {
        usher_core::admit::compile(object)
            .map_or_else(|_| Letters::default(), |plan| Self::of(&plan))
    }
}

/// What was told so far.
#[derive(Debug)]
pub(super) struct Postbox {
    state: StateDir,
    /// Whoever shows the pages from the start tells of them in its own words.
    quiet: bool,
    /// Ids of the nodes that wait for people.
    told: BTreeSet<String>,
    /// Where the mail is.
    placed: bool,
}

/// What an engine says about its mail.
enum Place {
    Mailbox(String),
    Server,
}

impl Postbox {
    /// One that has told nothing.
    pub(super) fn new(session: &Session) -> Postbox {
        Postbox {
            state: session.state.clone(),
            quiet: session.shows_pages(),
            told: BTreeSet::new(),
            placed: false,
        }
    }

    /// What is to be said about a picture of a run that goes on: a line each.
    pub(super) fn news(&mut self, object: &Value) -> Vec<String> {
        if self.quiet {
            return Vec::new();
        }
        let mut lines = Vec::new();
        let nodes = asking(object);
        let new = |(id, _): &(String, String)| !self.told.contains(id);
        let names: Vec<String> = nodes
            .iter()
            .filter(|one| new(one))
            .map(|one| one.1.clone())
            .collect();
        self.told.extend(nodes.into_iter().map(|(id, _)| id));
        if !names.is_empty() {
            let name = safe(object["metadata"]["name"].as_str().unwrap_or_default());
            lines.push(format!(
                "{name} waits for a decision by mail: {}; `usher approvals list` shows who is \
                 asked",
                names.join(", ")
            ));
        }
        if !self.placed && (!names.is_empty() || has_mailed(object)) {
            lines.extend(self.place());
        }
        lines
    }

    /// What is to be said about a run that is over.
    pub(super) fn last_news(
        &mut self,
        letters: &Letters,
        object: &Value,
        hosted: bool,
    ) -> Option<String> {
        let phase = object["status"]["phase"].as_str().and_then(RunPhase::parse);
        let told = phase.is_some_and(|phase| letters.ends.iter().any(|end| end.is_told(phase)));
        if self.quiet || self.placed || !(told || has_mailed(object)) {
            return None;
        }
        if !hosted {
            return self.place();
        }
        // The pages of this process end with it.
        match place(&self.state)? {
            Place::Server => None,
            Place::Mailbox(_) => {
                self.placed = true;
                Some(
                    "no mail server is set up: its mail is in the development mailbox, which \
                     `usher server` shows"
                        .to_owned(),
                )
            }
        }
    }

    fn place(&mut self) -> Option<String> {
        let place = place(&self.state)?;
        self.placed = true;
        match place {
            Place::Server => None,
            Place::Mailbox(url) => Some(line(&url)),
        }
    }
}

/// Where the development mailbox is, in one line.
pub(super) fn line(url: &str) -> String {
    format!("no mail server is set up: mail is in the development mailbox, {url}")
}

/// Asks the engine, which starts its pages if it has not; none when it is just ending.
fn place(state: &StateDir) -> Option<Place> {
    let request = Request::Approvals { ask: Ask::Mailbox };
    let answer = Client::connect(state).and_then(|mut client| client.ask(&request));
    match answer {
        Ok(Answer::Told { value }) => Some(match value["url"].as_str() {
            Some(url) => Place::Mailbox(url.to_owned()),
            None => Place::Server,
        }),
        _ => None,
    }
}

/// Whether a run waits for people.
pub(super) fn is_asking(object: &Value) -> bool {
    !object["metadata"]["labels"][PENDING_LABEL].is_null()
}

/// Ids and names of the nodes that wait for people.
fn asking(object: &Value) -> Vec<(String, String)> {
    if !is_asking(object) {
        return Vec::new();
    }
    let text = |node: &Value, key: &str| node[key].as_str().unwrap_or_default().to_owned();
    let waits = |node: &&Value| {
        node["type"] == "Suspend"
            && node["phase"] == "Running"
            && text(node, "message").starts_with(WAITING)
    };
    let nodes = object["status"]["nodes"].as_object();
    let waiting = nodes
        .into_iter()
        .flat_map(|nodes| nodes.values())
        .filter(waits);
    waiting
        .map(|node| {
            (
                text(node, "id"),
                safe(&text(node, "displayName")).into_owned(),
            )
        })
        .collect()
}

/// Whether a mail step has posted its mail.
fn has_mailed(object: &Value) -> bool {
    let nodes = object["status"]["nodes"].as_object();
    let mut nodes = nodes.into_iter().flat_map(|nodes| nodes.values());
    nodes.any(|node| {
        let is_out = node["phase"] == "Running" || node["phase"] == "Succeeded";
        node["type"] == "Plugin" && is_out
    })
}
