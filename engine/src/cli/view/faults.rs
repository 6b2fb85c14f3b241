//! What is wrong with a file, each fault with the line that it stands in.

use usher_core::admit::Fault;

use super::style::{Style, Tint};
use super::table::{Cell, Cut};
use super::text::{back, ellipsis, front, paragraph, safe, width};

/// Columns of a line of a file that are shown where no terminal bounds them.
const EXCERPT_COLUMNS: usize = 200;

/// Every fault, or every warning, each with its source line, and a closing line with their number.
/// `source` is the text of the file that all of them are in.
#[must_use]
pub fn faults(faults: &[Fault], source: Option<&str>, style: &Style) -> String {
    let lines: Vec<&str> = source.unwrap_or_default().lines().collect();
    let mut out = String::new();
    for fault in faults {
        out.push_str(&one(fault, &lines, style));
        out.push('\n');
    }
    out.push_str(&paragraph(&closing(faults), 0, Tint::Plain, style));
    out
}

fn one(fault: &Fault, lines: &[&str], style: &Style) -> String {
    let mut place = Vec::new();
    if !fault.file.is_empty() {
        place.push(safe(&fault.file).into_owned());
    }
    if fault.line > 0 {
        place.push(format!("{}:{}", fault.line, fault.column.max(1)));
    }
    let place = if place.is_empty() {
        String::new()
    } else {
        format!("{}: ", place.join(":"))
    };
    let is_warning = fault.code.is_warning();
    let word = if is_warning { "warning " } else { "" };
    let head = format!("{place}{word}{} {}", fault.code.id, safe(&fault.path));
    let head = paragraph(head.trim_end(), 0, Tint::Plain, style);
    let tint = if is_warning { Tint::Waiting } else { Tint::Bad };
    let mut out = head.replacen(fault.code.id, &style.paint(tint, fault.code.id), 1);
    out.push_str(&paragraph(&safe(&fault.message), 2, Tint::Plain, style));
    let line = fault.line.checked_sub(1).and_then(|at| lines.get(at));
    if let Some(line) = line.filter(|line| !line.trim().is_empty()) {
        out.push_str(&excerpt(line, fault, style));
    }
    if let Some(word) = &fault.nearest {
        let question = format!("did you mean `{}`?", safe(word));
        out.push_str(&paragraph(&question, 2, Tint::Plain, style));
    }
    out
}

/// The source line and a caret below the place.
fn excerpt(line: &str, fault: &Fault, style: &Style) -> String {
    let number = fault.line.to_string();
    let margin = " ".repeat(number.len());
    let bar = style.paint(Tint::Faint, "|");
    let column = fault.column.max(1) - 1;
    let cut = line
        .char_indices()
        .nth(column)
        .map_or(line.len(), |(at, _)| at);
    let (before, after) = line.split_at(cut);
    let shown = |text: &str| safe(&text.replace('\t', "    ")).into_owned();
    let (mut before, after) = (shown(before), shown(after));
    // Also in a file: what is no text at all has lines of many thousand columns.
    let all = style.width.unwrap_or(EXCERPT_COLUMNS);
    let room = all.saturating_sub(number.len() + 6).max(16);
    // A place far to the right: the line starts with what stands before it.
    if width(&before) > room / 2 {
        let dots = ellipsis(style);
        let kept = back(&before, (room / 2).min(40).saturating_sub(width(dots)));
        before = format!("{dots}{kept}");
    }
    let left = room.saturating_sub(width(&before));
    let after = Cell::plain(after).cut(left, Cut::End, style).text(style);
    let carets = "^".repeat(word_width(&after));
    let blanks = " ".repeat(width(&before));
    let carets = style.paint(Tint::Bad, &carets);
    format!("   {number} {bar} {before}{after}\n   {margin} {bar} {blanks}{carets}\n")
}

/// Columns of the word or quoted text that a text starts with, at least one.
fn word_width(text: &str) -> usize {
    let quote = text
        .chars()
        .next()
        .filter(|sign| matches!(sign, '"' | '\''));
    let end = match quote {
        Some(quote) => text[1..].find(quote).map_or(text.len(), |at| at + 2),
        None => {
            let is_word = |sign: char| sign.is_alphanumeric() || "-_.".contains(sign);
            text.find(|sign| !is_word(sign)).unwrap_or(text.len())
        }
    };
    width(front(&text[..end], 60)).max(1)
}

fn closing(faults: &[Fault]) -> String {
    let Some(first) = faults.first() else {
        return "no faults".to_owned();
    };
    let plural = if faults.len() == 1 { "" } else { "s" };
    let place = match first.file.as_str() {
        _ if faults.iter().any(|fault| fault.file != first.file) => String::new(),
        "" => String::new(),
        file => format!(" in {}", safe(file)),
    };
    let same = faults.iter().all(|fault| fault.code == first.code);
    let code = if same { first.code.id } else { "CODE" };
    let what = if first.code.is_warning() {
        "warning"
    } else {
        "fault"
    };
    format!(
        "{} {what}{plural}{place}; `usher explain {code}` tells more",
        faults.len()
    )
}

#[cfg(test)]
mod tests {
    use usher_api::code;

    use super::*;

    fn fault(line: usize, column: usize) -> Fault {
        Fault {
            code: &code::UNKNOWN_FIELD,
            file: "hello.yaml".into(),
            line,
            column,
            path: "spec.entrypont".into(),
            message: "there is no field `entrypont` here".into(),
            nearest: Some("entrypoint".into()),
        }
    }

    /// Everything that a fault knows, and the word that it stands at.
    #[test]
    fn the_whole_text() {
        let source = "kind: Workflow\nspec:\n\t漢: {entrypont: main}\n";
        let text = "\
hello.yaml:3:6: WF-0201 spec.entrypont
  there is no field `entrypont` here
   3 |     漢: {entrypont: main}
     |          ^^^^^^^^^
  did you mean `entrypoint`?

1 fault in hello.yaml; `usher explain WF-0201` tells more
";
        assert_eq!(
            faults(&[fault(3, 6)], Some(source), &Style::default()),
            text
        );
    }

    /// A warning says that it is one, in its line and in the closing one.
    #[test]
    fn a_warning() {
        let warning = Fault {
            code: &code::FOREIGN_TIMEOUT,
            path: "spec.timeout".into(),
            message: "is the template's".into(),
            nearest: None,
            ..fault(1, 1)
        };
        let text = "\
hello.yaml:1:1: warning WF-0504 spec.timeout
  is the template's
   1 | timeout: 2h
     | ^^^^^^^

1 warning in hello.yaml; `usher explain WF-0504` tells more
";
        let shown = faults(&[warning], Some("timeout: 2h"), &Style::default());
        assert_eq!(shown, text);
    }

    /// Faults without a place, a file or a source, and of two codes.
    #[test]
    fn without_a_place() {
        let bare = Fault {
            code: &code::MISSING_FIELD,
            file: String::new(),
            line: 0,
            column: 0,
            path: String::new(),
            message: "nothing\nhere".into(),
            nearest: None,
        };
        let text = "\
WF-0203
  nothing\\nhere

hello.yaml:9:9: WF-0201 spec.entrypont
  there is no field `entrypont` here
  did you mean `entrypoint`?

2 faults; `usher explain CODE` tells more
";
        assert_eq!(
            faults(&[bare, fault(9, 9)], Some("one line"), &Style::default()),
            text
        );
    }

    /// The carets stand below a whole word, or below a whole quoted text.
    #[test]
    fn below_a_word() {
        for (text, columns) in [
            ("image: x", 5),
            ("\"a b\": x", 5),
            ("'it", 3),
            ("{a: 1}", 1),
            ("", 1),
        ] {
            assert_eq!(word_width(text), columns, "{text}");
        }
    }

    /// A long line is cut on both sides of the place and fits the terminal.
    #[test]
    fn a_long_line() {
        let source = format!("{}entrypont: {}", "x".repeat(200), "y".repeat(200));
        let style = Style {
            width: Some(40),
            unicode: true,
            ..Style::default()
        };
        let text = excerpt(&source, &fault(1, 201), &style);
        let expected = "   1 | …xxxxxxxxxxxxxxxentrypont: yyyyy…\n   \
                        \x20 |                 ^^^^^^^^^\n";
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| width(line) <= 40), "{text}");
    }
}
