//! A mail that a workflow wrote: a mail step, a notice.
//!
//! Text and HTML are the author's and stay as they are, but for control characters, which are
//! shown as markers. The HTML is not filtered: whoever may write the workflow may run commands as
//! the engine does, mail programs run no script, and a filter would break honest mails.

use super::{Mail, Place, Unrenderable, automatic, from_name, header};
use crate::address::Address;
use crate::clean;
use crate::recipe::Written;

/// The mail.
pub(super) fn mail(written: &Written, place: &Place) -> Result<Mail, Unrenderable> {
    if written.to.is_empty() {
        return Err(Unrenderable::Nobody);
    }
    let mut headers = automatic();
    headers.push(header("X-Usher-Run", &written.run));
    headers.push(header("X-Usher-Workflow", &written.workflow));
    Ok(Mail {
        subject: clean::subject(&written.subject),
        text: clean::body(&written.text),
        html: written.html.as_deref().map(clean::body),
        date_ms: written.at_ms,
        headers,
        thread_key: None,
        to_header: addresses(&written.to)?,
        cc_header: addresses(&written.cc)?,
        from_name: from_name(place),
    })
}

fn addresses(texts: &[String]) -> Result<Vec<String>, Unrenderable> {
    let parse = |text: &String| match Address::parse(text) {
        Ok(address) => Ok(address.to_string()),
        Err(why) => Err(Unrenderable::Address {
            text: clean::line(text, 254),
            why,
        }),
    };
    texts.iter().map(parse).collect()
}
