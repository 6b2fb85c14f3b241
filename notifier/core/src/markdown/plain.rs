//! Events to plain text, as somebody would write it into a mail.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::allowed;

/// Deeper lists stand no further to the right: a thousand levels are not a million blanks.
const INDENT_MAX: usize = 40;

#[derive(Default)]
struct Writer {
    out: String,
    /// Blanks of each list item that is open, and their sum.
    indents: Vec<usize>,
    indent: usize,
    /// The number of the next item of each open list; none: not numbered.
    numbers: Vec<Option<u64>>,
    /// Whether code is being written, which is indented.
    is_code: bool,
    /// Whether a blank line must come before the next text.
    has_gap: bool,
    /// Open links: where they lead, and where their text begins.
    links: Vec<Option<(String, usize)>>,
    /// Whether a cell stands before on this row.
    has_cell: bool,
}

pub(super) fn write<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let mut writer = Writer::default();
    for event in events {
        writer.event(event);
    }
    writer.out.trim_end().to_owned()
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) | Event::Code(text) => {
                self.text(&text)
            }
            Event::SoftBreak | Event::HardBreak => self.text("\n"),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::List(first) => {
                self.line();
                self.numbers.push(first);
            }
            Tag::Item => self.item(),
            Tag::CodeBlock(_) => self.is_code = true,
            Tag::TableCell => {
                if self.has_cell {
                    self.text(" | ");
                }
                self.has_cell = true;
            }
            Tag::Link {
                link_type,
                dest_url,
                ..
            } => {
                let target = allowed(link_type, &dest_url);
                let begin = self.out.len();
                self.links.push(target.map(|target| (target, begin)));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::HtmlBlock | TagEnd::Table => {
                self.line();
                self.has_gap = true;
            }
            TagEnd::CodeBlock => {
                self.is_code = false;
                self.line();
                self.has_gap = true;
            }
            TagEnd::Item => {
                self.line();
                self.has_gap = false;
                self.indent -= self.indents.pop().unwrap_or_default();
            }
            TagEnd::List(_) => {
                self.numbers.pop();
                self.has_gap = self.numbers.is_empty();
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                self.line();
                self.has_cell = false;
            }
            TagEnd::Link => self.end_link(),
            _ => {}
        }
    }

    fn item(&mut self) {
        let mark = match self.numbers.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            _ => "- ".to_owned(),
        };
        self.text(&mark);
        self.indents.push(mark.len());
        self.indent += mark.len();
    }

    fn end_link(&mut self) {
        if let Some(Some((target, begin))) = self.links.pop() {
            let bare = target.strip_prefix("mailto:").unwrap_or(&target);
            let shown = self.out.get(begin..).unwrap_or_default().trim();
            if shown != bare && shown != target {
                self.text(&format!(" <{target}>"));
            }
        }
    }

    /// Ends the line, if there is anything on it.
    fn line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn text(&mut self, text: &str) {
        if self.has_gap && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.has_gap = false;
        for part in text.split_inclusive('\n') {
            let is_new = self.out.is_empty() || self.out.ends_with('\n');
            if is_new && part != "\n" {
                let code = if self.is_code { 4 } else { 0 };
                let blanks = self.indent.min(INDENT_MAX) + code;
                self.out.push_str(&" ".repeat(blanks));
            }
            self.out.push_str(part);
        }
    }
}
