//! Answers of the API: JSON, and for every fault a stable word, a text and a status.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::DefaultHeaders;
use serde::Serialize;
use usher_notifier_core::decide::Refusal;

use crate::desk::DeskError;
use crate::gate::GateError;

/// A fault as it is told.
#[derive(Debug, Serialize)]
struct Fault<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
}

/// What is wrong with a field.
#[derive(Debug, Serialize)]
struct Field {
    field: String,
    message: String,
}

/// Headers of every answer.
pub(super) fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CACHE_CONTROL, "no-store"))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
}

/// What was asked for.
pub(super) fn done(value: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(value)
}

/// A fault that has nothing to do with any request.
pub(super) fn told(status: u16, code: &str, message: &str) -> HttpResponse {
    build(
        status,
        &Fault {
            code,
            message,
            fields: Vec::new(),
        },
    )
}

/// What the desk says no to.
pub(super) fn refused(error: &DeskError) -> HttpResponse {
    let code = error.code();
    let status = match code {
        "not-found" => 404,
        "bad-request" => 400,
        "forbidden" => 403,
        "closed" => 410,
        "outdated" => 409,
        "invalid" | "key-reused" => 422,
        "too-often" => 429,
        "unavailable" => 503,
        _ => 500,
    };
    let mut message = error.to_string();
    if status >= 500 {
        tracing::error!(%error, "a call of the API failed");
        // What is wrong with the ledger is for whoever runs it.
        "the service cannot do this now; nothing was changed".clone_into(&mut message);
    }
    let fields = match error {
        DeskError::Gate(GateError::Refused(Refusal::Input(faults))) => faults
            .iter()
            .map(|fault| Field {
                field: fault.field.clone(),
                message: fault.what.to_string(),
            })
            .collect(),
        _ => Vec::new(),
    };
    build(
        status,
        &Fault {
            code,
            message: &message,
            fields,
        },
    )
}

fn build(status: u16, fault: &Fault<'_>) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        answer.insert_header((header::RETRY_AFTER, "30"));
    }
    answer.json(fault)
}
