//! Requests for approval as JSON, on loopback: the desk over HTTP.
//!
//! ```text
//!   GET  /api/v1/approvals/{ns}               mine, state, workflow, limit, cursor
//!   GET  /api/v1/approvals/{ns}/{task}        GET …/{task}/audit
//!   POST /api/v1/approvals/{ns}/{task}:decide  :resend  :withdraw  :override
//! ```
//!
//! `-` is every namespace. Who calls is the account at the other end of the connection, so what
//! comes through a proxy has no caller, and a page of another site that a browser has open is
//! turned away by `Host`, `Origin` and content type.
//!
//! Not here: what a caller may see and do (`desk`).

mod answer;
mod calls;
mod door;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::origin::Origin;
use crate::ports::Ports;

/// Everything that the API needs. One for all workers.
pub struct Api {
    desk: Desk,
    caller: Arc<dyn Caller>,
    operators: Vec<String>,
    origin: Origin,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("operators", &self.operators)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// An API on these ports. `operators` are the accounts that run the engine.
    ///
    /// # Errors
    /// When the base URL of the settings cannot be read.
    pub fn new(
        ports: Ports,
        caller: Arc<dyn Caller>,
        operators: Vec<String>,
    ) -> Result<Api, String> {
        Ok(Api {
            origin: Origin::of(&ports.settings.base_url)?,
            desk: Desk::new(ports),
            caller,
            operators,
        })
    }
}

/// Puts the API below `/api/v1/approvals`.
pub fn configure(config: &mut web::ServiceConfig, api: Arc<Api>) {
    let other = || web::to(no_such_method);
    let scope = web::scope("/api/v1/approvals")
        .app_data(web::Data::from(api))
        .wrap(answer::headers())
        .service(
            web::resource("/{ns}")
                .route(web::get().to(calls::list))
                .default_service(other()),
        )
        .service(
            web::resource("/{ns}/{task:[^/:]+}")
                .route(web::get().to(calls::show))
                .default_service(other()),
        )
        .service(
            web::resource("/{ns}/{task:[^/:]+}/audit")
                .route(web::get().to(calls::audit))
                .default_service(other()),
        )
        .service(
            web::resource("/{ns}/{task:[^/:]+}:{verb:[^/:]+}")
                .route(web::post().to(calls::act))
                .default_service(other()),
        )
        .default_service(web::to(elsewhere));
    config.service(scope);
}

async fn no_such_method(request: HttpRequest) -> HttpResponse {
    let text = format!("{} is not done here", request.method());
    answer::told(405, "bad-method", &text)
}

async fn elsewhere() -> HttpResponse {
    answer::told(
        404,
        "not-found",
        "there is no such path; see notifier/README.md",
    )
}
