//! The calls: reading their words, asking the desk, telling what it says.

use std::collections::BTreeMap;

use actix_web::body::BodyStream;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use usher_ledger::tasks::TaskFilter;

use super::{Api, answer, door};
use crate::desk::{Acted, Caller, DeskError, Summary, Vote, Wanted};
use crate::pages::bounded_body;

/// A list shows so many requests unless it says otherwise, and at most [`LIMIT_MAX`].
const LIMIT: usize = 50;

/// See [`LIMIT`].
const LIMIT_MAX: usize = 500;

/// A key of a call may have so many characters.
const KEY_MAX: usize = 255;

/// What a list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    #[serde(default)]
    mine: bool,
    state: Option<String>,
    workflow: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize)]
struct Listing {
    items: Vec<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// For or against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    Approve,
    Reject,
}

/// Words of `:decide`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    decision: Choice,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    values: BTreeMap<String, String>,
    round: u32,
    digest: String,
}

/// Words of `:override`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    decision: Choice,
    reason: String,
}

/// Words of `:resend`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resend {
    to: Option<String>,
}

/// Words of `:withdraw`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdraw {}

/// `GET {ns}`.
pub(super) async fn list(
    api: web::Data<Api>,
    request: HttpRequest,
    path: web::Path<String>,
) -> HttpResponse {
    let caller = match door::enter(&api, &request) {
        Ok(caller) => caller,
        Err(no) => return no.answer(),
    };
    let query = web::Query::<Query>::from_query(request.query_string());
    let wanted = match query {
        Ok(query) => wanted(path.into_inner(), query.into_inner()),
        Err(error) => Err(DeskError::Invalid(format!("read the query: {error}"))),
    };
    let page = match wanted {
        Ok(wanted) => api.desk.page(wanted, &caller).await,
        Err(error) => Err(error),
    };
    match page {
        Ok(page) => answer::done(&Listing {
            items: page.items,
            next: page.next.map(|(at, id)| format!("{at}.{id}")),
        }),
        Err(error) => answer::refused(&error),
    }
}

fn wanted(namespace: String, query: Query) -> Result<Wanted, DeskError> {
    let before = match &query.cursor {
        None => None,
        Some(cursor) => {
            let wrong = || DeskError::Invalid("the cursor is none that a list gave".to_owned());
            let (at, id) = cursor.split_once('.').ok_or_else(wrong)?;
            Some((at.parse().map_err(|_| wrong())?, id.to_owned()))
        }
    };
    let (open, state) = match query.state.as_deref() {
        None => (None, None),
        Some("open") => (Some(true), None),
        Some("closed") => (Some(false), None),
        Some(state) => (None, Some(state.to_owned())),
    };
    Ok(Wanted {
        mine: query.mine,
        state,
        filter: TaskFilter {
            namespace: (namespace != "-").then_some(namespace),
            workflow: query.workflow,
            open,
            before,
            limit: query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX),
            ..TaskFilter::default()
        },
    })
}

/// `GET {ns}/{task}`.
pub(super) async fn show(
    api: web::Data<Api>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let caller = match door::enter(&api, &request) {
        Ok(caller) => caller,
        Err(no) => return no.answer(),
    };
    let (namespace, task) = path.into_inner();
    match api.desk.show(&task, &caller).await {
        Ok(found) if is_in(&namespace, &found.summary) => answer::done(&found),
        Ok(_) => answer::refused(&DeskError::NotFound(task)),
        Err(error) => answer::refused(&error),
    }
}

/// `GET {ns}/{task}/audit`.
pub(super) async fn audit(
    api: web::Data<Api>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let caller = match door::enter(&api, &request) {
        Ok(caller) => caller,
        Err(no) => return no.answer(),
    };
    let (namespace, task) = path.into_inner();
    let found = match known(&api, &namespace, &task, &caller).await {
        Ok(()) => api.desk.audit(&task, &caller).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(entries) => answer::done(&serde_json::json!({ "entries": entries })),
        Err(error) => answer::refused(&error),
    }
}

/// `POST {ns}/{task}:{verb}`.
pub(super) async fn act(
    api: web::Data<Api>,
    request: HttpRequest,
    path: web::Path<(String, String, String)>,
    payload: web::Payload,
) -> HttpResponse {
    let caller = match door::enter(&api, &request) {
        Ok(caller) => caller,
        Err(no) => return no.answer(),
    };
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/json")
    {
        let why = "send Content-Type: application/json";
        return answer::told(415, "bad-content-type", why);
    }
    let body = match bounded_body(BodyStream::new(payload)).await {
        Ok(body) => body,
        Err((status, why)) => return answer::told(status, "bad-body", why),
    };
    let key = match key(&request) {
        Ok(key) => key,
        Err(error) => return answer::refused(&error),
    };
    let (namespace, task, verb) = path.into_inner();
    let call = Call {
        api: &api,
        task: &task,
        caller: &caller,
        body: &body,
        key,
    };
    let acted = match known(&api, &namespace, &task, &caller).await {
        Ok(()) => call.carry_out(&verb).await,
        Err(error) => Err(error),
    };
    match acted {
        Ok(acted) => answer::done(&acted),
        Err(error) => answer::refused(&error),
    }
}

/// A call with its words.
struct Call<'a> {
    api: &'a Api,
    task: &'a str,
    caller: &'a Caller,
    body: &'a [u8],
    key: String,
}

impl Call<'_> {
    async fn carry_out(self, verb: &str) -> Result<Acted, DeskError> {
        let desk = match self.key.as_str() {
            "" => self.api.desk.clone(),
            key => {
                let words = [verb.as_bytes(), self.task.as_bytes(), self.body];
                self.api.desk.keyed(key, &words)
            }
        };
        match verb {
            "decide" => {
                let words: Decide = self.words()?;
                let vote = Vote {
                    approves: words.decision == Choice::Approve,
                    comment: words.comment,
                    values: words.values,
                    round: words.round,
                    digest: words.digest,
                    key: self.key,
                };
                desk.decide(self.task, vote, self.caller).await
            }
            "resend" => {
                let words: Resend = self.words_or_none()?;
                desk.resend(self.task, words.to.as_deref(), self.caller)
                    .await
            }
            "withdraw" => {
                let Withdraw {} = self.words_or_none()?;
                desk.withdraw(self.task, self.caller).await
            }
            "override" => {
                let words: Override = self.words()?;
                let approves = words.decision == Choice::Approve;
                desk.override_(self.task, approves, &words.reason, self.caller)
                    .await
            }
            other => Err(DeskError::Invalid(format!(
                "`:{other}` is no act; there are :decide, :resend, :withdraw and :override"
            ))),
        }
    }

    fn words<T: serde::de::DeserializeOwned>(&self) -> Result<T, DeskError> {
        serde_json::from_slice(self.body)
            .map_err(|error| DeskError::Invalid(format!("read the call: {error}")))
    }

    fn words_or_none<T: serde::de::DeserializeOwned + Default>(&self) -> Result<T, DeskError> {
        if self.body.is_empty() {
            Ok(T::default())
        } else {
            self.words()
        }
    }
}

/// Whether the request is in this namespace and the caller may know of it.
async fn known(api: &Api, namespace: &str, task: &str, caller: &Caller) -> Result<(), DeskError> {
    let found = api.desk.show(task, caller).await?;
    if is_in(namespace, &found.summary) {
        Ok(())
    } else {
        Err(DeskError::NotFound(task.to_owned()))
    }
}

fn is_in(namespace: &str, found: &Summary) -> bool {
    namespace == "-" || namespace == found.namespace
}

/// The key of a call; empty for none.
fn key(request: &HttpRequest) -> Result<String, DeskError> {
    let Some(value) = request.headers().get("idempotency-key") else {
        return Ok(String::new());
    };
    match value.to_str() {
        Ok(key) if !key.trim().is_empty() && key.len() <= KEY_MAX => Ok(key.to_owned()),
        _ => {
            let text = format!("Idempotency-Key must have 1 to {KEY_MAX} visible characters");
            Err(DeskError::Invalid(text))
        }
    }
}
