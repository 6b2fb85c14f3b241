//! Places of an object whose text is not the same twice: `# volatile: PLACE [KIND]`.
//!
//! PLACE is `status.message` or `nodes[DISPLAY NAME].FIELD`, where `*` in the name stands for
//! anything and FIELD is a dotted path with `[name]` after a list of named things. KIND is `digits`
//! (the default), `times`, `text` or `drop`.

use serde_json::Value;

/// What happens to a volatile text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digits,
    Times,
    Text,
    Drop,
}

/// Blurs a reduced object at a place.
pub(crate) fn blur(object: &mut Value, directive: &str) {
    let (place, kind) = match directive.rsplit_once(' ') {
        Some((place, "digits")) => (place, Kind::Digits),
        Some((place, "times")) => (place, Kind::Times),
        Some((place, "text")) => (place, Kind::Text),
        Some((place, "drop")) => (place, Kind::Drop),
        _ => (directive, Kind::Digits),
    };
    let of_nodes = place
        .strip_prefix("nodes[")
        .and_then(|rest| rest.split_once("]."));
    let Some((wanted, field)) = of_nodes else {
        return blur_path(object, place, kind);
    };
    let nodes = object["status"]["nodes"].as_object_mut();
    for node in nodes.into_iter().flat_map(serde_json::Map::values_mut) {
        if fits(wanted, node["displayName"].as_str().unwrap_or_default()) {
            blur_path(node, field, kind);
        }
    }
}

/// Whether `name` fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(tail) = name.strip_prefix(start) else {
        return false;
    };
    (0..=tail.len()).any(|at| tail.is_char_boundary(at) && fits(rest, &tail[at..]))
}

fn blur_path(thing: &mut Value, path: &str, kind: Kind) {
    let (step, rest) = split_step(path);
    let (key, name) = match step.split_once('[') {
        Some((key, name)) => (key, Some(name.trim_end_matches(']'))),
        None => (step, None),
    };
    let Some(inner) = thing.get_mut(key) else {
        return;
    };
    if let Some(name) = name {
        let named = inner
            .as_array_mut()
            .into_iter()
            .flatten()
            .filter(|item| item["name"] == name);
        named.for_each(|item| blur_path(item, rest, kind));
    } else if !rest.is_empty() {
        blur_path(inner, rest, kind);
    } else if kind == Kind::Drop {
        thing.as_object_mut().and_then(|object| object.remove(key));
    } else {
        *inner = soften(inner, kind);
    }
}

/// The first step of a dotted path and the rest; a dot inside brackets belongs to the name.
fn split_step(path: &str) -> (&str, &str) {
    let mut inside = false;
    for (at, letter) in path.char_indices() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            '.' if !inside => return (&path[..at], &path[at + 1..]),
            _ => {}
        }
    }
    (path, "")
}

fn soften(value: &Value, kind: Kind) -> Value {
    let Some(text) = value.as_str() else {
        return if kind == Kind::Text {
            Value::from("<text>")
        } else {
            value.clone()
        };
    };
    match kind {
        Kind::Text => Value::from("<text>"),
        Kind::Times => Value::from(no_times(text)),
        Kind::Digits | Kind::Drop => Value::from(no_digits(&no_times(text))),
    }
}

/// RFC 3339 times become `<time>`.
fn no_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some(length) = time_length(rest) {
            out.push_str("<time>");
            rest = &rest[length..];
        } else {
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    out
}

/// How long the time is with which `text` begins, if it begins with one.
fn time_length(text: &str) -> Option<usize> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let bytes = text.as_bytes();
    let is_like = |shape: u8, byte: u8| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    };
    let head = bytes.get(..SHAPE.len())?;
    if !SHAPE
        .iter()
        .zip(head)
        .all(|(shape, byte)| is_like(*shape, *byte))
    {
        return None;
    }
    let mut at = SHAPE.len();
    if bytes.get(at) == Some(&b'.') {
        let digits = bytes[at + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits > 0 {
            at += 1 + digits;
        }
    }
    match bytes.get(at)? {
        b'Z' => Some(at + 1),
        b'+' | b'-' => {
            let zone = bytes.get(at + 1..at + 6)?;
            let fits = b"00:00"
                .iter()
                .zip(zone)
                .all(|(shape, byte)| is_like(*shape, *byte));
            fits.then_some(at + 6)
        }
        _ => None,
    }
}

/// Numbers, whole or with a fraction, become `<n>`.
fn no_digits(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if !letter.is_ascii_digit() {
            out.push(letter);
            continue;
        }
        out.push_str("<n>");
        while letters.next_if(char::is_ascii_digit).is_some() {}
        let mut ahead = letters.clone();
        if ahead.next() == Some('.') && ahead.next().is_some_and(|next| next.is_ascii_digit()) {
            letters = ahead;
            while letters.next_if(char::is_ascii_digit).is_some() {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_softened() {
        let text = json!("at 2026-01-02T03:04:05.6Z or 2026-01-02T03:04:05+01:00: 12.5s, 3.");
        assert_eq!(
            soften(&text, Kind::Times),
            json!("at <time> or <time>: 12.5s, 3.")
        );
        assert_eq!(
            soften(&text, Kind::Digits),
            json!("at <time> or <time>: <n>s, <n>.")
        );
        assert_eq!(soften(&text, Kind::Text), json!("<text>"));
    }

    #[test]
    fn places_are_found() {
        let object = || {
            json!({"status": {"message": "1", "nodes": {
                "x": {"displayName": "a(0)", "message": "2", "outputs":
                    {"parameters": [{"name": "p", "value": "3"}, {"name": "q", "value": "4"}]}},
                "y": {"displayName": "b", "message": "5"}
            }}})
        };
        let blurred = |directive: &str| {
            let mut object = object();
            blur(&mut object, directive);
            object
        };
        assert_eq!(
            blurred("status.message text")["status"]["message"],
            "<text>"
        );
        let all = blurred("nodes[*].message");
        assert_eq!(all["status"]["nodes"]["x"]["message"], "<n>");
        assert_eq!(all["status"]["nodes"]["y"]["message"], "<n>");
        let one = blurred("nodes[a(0)].outputs.parameters[p].value text");
        let parameters = &one["status"]["nodes"]["x"]["outputs"]["parameters"];
        assert_eq!(parameters[0]["value"], "<text>");
        assert_eq!(parameters[1]["value"], "4");
        assert_eq!(
            blurred("nodes[*(0)].outputs drop")["status"]["nodes"]["x"].get("outputs"),
            None
        );
        assert_eq!(blurred("nodes[c].message text"), object());
    }
}
