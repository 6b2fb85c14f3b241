//! `GET` and `HEAD`: shows what is behind a link, and changes nothing but counters of rates (S1).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use usher_notifier_core::page::{Notice, Typed};
use usher_notifier_core::task::SlotState;

use super::Pages;
use super::render::{self, Filled};
use super::visit::{self, Standing, Visit};

/// Opens a link.
pub(super) async fn open(
    pages: web::Data<Pages>,
    request: HttpRequest,
    path: Option<web::Path<String>>,
) -> HttpResponse {
    match visit::enter(&pages, &request, path).await {
        Err(answer) => visit::note(&request, "-", answer),
        Ok(visit) => {
            let page = show(&pages, &request, &visit);
            visit::note(&request, &visit.name, page)
        }
    }
}

fn show(pages: &Pages, request: &HttpRequest, visit: &Visit) -> HttpResponse {
    let now_ms = pages.now_ms();
    let says = |word: &str| request.query_string() == word;
    match visit.standing(now_ms) {
        Standing::Closed => render::closed(pages, visit),
        Standing::Expired => {
            let notice = says("sent").then_some(Notice::LinkSent);
            render::expired(pages, visit, StatusCode::GONE, notice)
        }
        _ if !visit.may_see(pages) => {
            if !visit.linked.row.open {
                return render::closed(pages, visit);
            }
            let notice = says("sent").then_some(Notice::CodeSent);
            render::prove(pages, visit, StatusCode::OK, notice)
        }
        Standing::Voted if says("change") && may_change(visit, now_ms) => {
            let filled = Filled {
                typed: last_vote(visit),
                is_sent: true,
                ..Filled::default()
            };
            render::request(pages, visit, StatusCode::OK, &filled)
        }
        Standing::Voted => render::receipt(pages, visit),
        Standing::Open => render::request(pages, visit, StatusCode::OK, &Filled::default()),
    }
}

/// Whether a vote can be changed here: the task is open and so is the link.
fn may_change(visit: &Visit, now_ms: i64) -> bool {
    let slot = visit.linked.slot();
    let has_vote =
        slot.is_some_and(|slot| matches!(slot.state, SlotState::Approved | SlotState::Rejected));
    has_vote && visit.is_live(now_ms)
}

/// The last vote's words, without its choice: that is never preset (S3).
fn last_vote(visit: &Visit) -> Typed {
    let vote = visit.linked.slot().and_then(|slot| slot.votes.last());
    vote.map_or_else(Typed::default, |vote| Typed {
        approves: None,
        comment: vote.comment.clone(),
        values: vote.values.clone(),
    })
}
