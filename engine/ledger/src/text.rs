//! Text columns as every database takes them.

use std::borrow::Cow;

/// The text with U+0000 replaced by U+FFFD: PostgreSQL refuses it, SQLite takes it (E8), so both
/// adapters replace it on entry and in look-ups.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// [`clean`] for a text that may be missing.
pub(crate) fn clean_some(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| clean(text))
}
