//! Reading a form: bounded in size, time and number of fields (S14).

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::body::{BodyStream, MessageBody};
use actix_web::{HttpRequest, web};
use usher_notifier_core::page::{FIELD, Trouble, Typed};

/// A form may have this many bytes.
pub(super) const BYTES_MAX: usize = 64 << 10;

/// What comes beyond is read and dropped up to here, so that the answer reaches the sender.
const DROPPED_MAX: usize = 4 << 20;

/// A form may have this many fields.
const FIELDS_MAX: usize = 100;

/// A form must be here after this time.
pub(super) const TIME_MAX: Duration = Duration::from_secs(15);

/// What was posted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// What a person filled in.
    pub(super) typed: Typed,
    /// The form's number; empty when it has none.
    pub(super) nonce: String,
    /// The round that was shown.
    pub(super) round: u32,
    /// The digest of what was shown.
    pub(super) digest: String,
    /// A mailed code.
    pub(super) code: String,
}

/// Why there is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoForm {
    /// 413.
    TooLarge,
    /// 408.
    TooSlow,
    /// 415.
    OtherType,
    /// 400.
    Broken,
}

impl NoForm {
    /// Why, for programs.
    pub(super) fn text(self) -> &'static str {
        match self {
            NoForm::TooLarge => "the body has more than 64 KiB",
            NoForm::TooSlow => "the body did not come within 15 seconds",
            NoForm::OtherType => "the body has another content type",
            NoForm::Broken => "the body cannot be read",
        }
    }

    /// The page and the status that tell it.
    pub(super) fn told(self) -> (Trouble, u16) {
        match self {
            NoForm::TooLarge => (Trouble::TooLarge, 413),
            NoForm::TooSlow => (Trouble::Form, 408),
            NoForm::OtherType => (Trouble::Form, 415),
            NoForm::Broken => (Trouble::Form, 400),
        }
    }
}

/// Reads the form of a request.
///
/// # Errors
/// Why there is none.
pub(super) async fn read(request: &HttpRequest, payload: web::Payload) -> Result<Form, NoForm> {
    let kind = actix_web::HttpMessage::content_type(request);
    if !kind.is_empty() && !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(NoForm::OtherType);
    }
    let bytes = bounded(BodyStream::new(payload), BYTES_MAX, TIME_MAX).await?;
    if kind.is_empty() && !bytes.is_empty() {
        return Err(NoForm::OtherType);
    }
    let text = String::from_utf8(bytes).map_err(|_| NoForm::Broken)?;
    parse(&text)
}

/// A body of at most `most` bytes within `time`.
///
/// # Errors
/// Why there is none.
pub(super) async fn bounded(
    body: impl MessageBody,
    most: usize,
    time: Duration,
) -> Result<Vec<u8>, NoForm> {
    let mut body = std::pin::pin!(body);
    let work = async {
        let (mut kept, mut seen) = (Vec::new(), 0_usize);
        loop {
            let next = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await;
            let Some(chunk) = next else { break };
            let chunk = chunk.map_err(|_| NoForm::Broken)?;
            seen = seen.saturating_add(chunk.len());
            if seen > DROPPED_MAX {
                return Err(NoForm::TooLarge);
            }
            if seen <= most {
                kept.extend_from_slice(&chunk);
            } else {
                kept = Vec::new();
            }
        }
        if seen > most {
            Err(NoForm::TooLarge)
        } else {
            Ok(kept)
        }
    };
    tokio::time::timeout(time, work)
        .await
        .unwrap_or(Err(NoForm::TooSlow))
}

fn parse(text: &str) -> Result<Form, NoForm> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(text);
    let pairs = pairs.map_err(|_| NoForm::Broken)?.into_inner();
    if pairs.len() > FIELDS_MAX {
        return Err(NoForm::TooLarge);
    }
    let mut form = Form::default();
    let mut values = BTreeMap::new();
    for (name, value) in pairs {
        match name.as_str() {
            "decision" => form.typed.approves = approves(&value),
            "comment" => form.typed.comment = lines(value),
            "nonce" => form.nonce = value,
            "round" => form.round = value.parse().unwrap_or(0),
            "digest" => form.digest = value,
            "code" => form.code = value,
            _ => {
                if let Some(field) = name.strip_prefix(FIELD) {
                    values.insert(field.to_owned(), lines(value));
                }
            }
        }
    }
    form.typed.values = values;
    Ok(form)
}

/// Anything else is no choice: a word that is not known decides nothing.
fn approves(word: &str) -> Option<bool> {
    match word {
        "approve" => Some(true),
        "reject" => Some(false),
        _ => None,
    }
}

/// Browsers end lines with CR LF; a comment is kept with LF.
fn lines(text: String) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use actix_web::web::Bytes;

    use super::*;

    /// A sender that never goes on.
    struct Stalled;

    impl MessageBody for Stalled {
        type Error = std::io::Error;

        fn size(&self) -> actix_web::body::BodySize {
            actix_web::body::BodySize::Stream
        }

        fn poll_next(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Bytes, std::io::Error>>> {
            Poll::Pending
        }
    }

    /// A slow sender holds nothing for longer than the limit.
    #[actix_web::test]
    async fn a_form_that_does_not_come_is_given_up() {
        let got = bounded(Stalled, BYTES_MAX, Duration::from_millis(5)).await;
        assert_eq!(got, Err(NoForm::TooSlow));
    }

    /// The limit is exact, and what is above it is not kept.
    #[actix_web::test]
    async fn a_form_is_bounded() {
        let full = "x".repeat(BYTES_MAX);
        assert_eq!(
            bounded(full.clone(), BYTES_MAX, TIME_MAX).await,
            Ok(full.clone().into_bytes())
        );
        let got = bounded(format!("{full}x"), BYTES_MAX, TIME_MAX).await;
        assert_eq!(got, Err(NoForm::TooLarge));
        let many = "a=1&".repeat(FIELDS_MAX + 1);
        assert_eq!(parse(&many), Err(NoForm::TooLarge));
    }

    /// What a browser sends.
    #[test]
    fn a_form_is_read() {
        let text =
            "nonce=n1&round=2&digest=d&decision=reject&comment=a%0D%0Ab+c&field.cost=47%2611";
        let form = parse(text).unwrap();
        assert_eq!(form.typed.approves, Some(false));
        assert_eq!(form.typed.comment, "a\nb c");
        assert_eq!(form.typed.values["cost"], "47&11");
        assert_eq!(
            (form.nonce.as_str(), form.round, form.digest.as_str()),
            ("n1", 2, "d")
        );
        assert_eq!(parse("").unwrap(), Form::default());
        assert_eq!(parse("decision=Approve").unwrap().typed.approves, None);
    }
}
