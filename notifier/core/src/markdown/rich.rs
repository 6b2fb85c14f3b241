//! Events to HTML. Everything that is not named here is dropped, its text stays.

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use super::{For, allowed, destination};

const CELL: &str = " style=\"border:1px solid #767676;padding:4px 8px;text-align:left\"";
const TABLE: &str = " style=\"border-collapse:collapse\"";
const CODE: &str = " style=\"white-space:pre-wrap;overflow-wrap:anywhere\"";

struct Writer {
    out: String,
    place: For,
    /// Whether a table's head is being written.
    is_head: bool,
    /// Open links: where they lead, and the text so far. None: not allowed.
    links: Vec<Option<(String, String)>>,
}

pub(super) fn write<'a>(events: impl Iterator<Item = Event<'a>>, place: For) -> String {
    let mut writer = Writer {
        out: String::new(),
        place,
        is_head: false,
        links: Vec::new(),
    };
    for event in events {
        writer.event(event);
    }
    writer.out
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(text) => {
                self.out.push_str("<code>");
                self.text(&text);
                self.out.push_str("</code>");
            }
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>\n"),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.out.push_str("<p>"),
            Tag::Heading { .. } => self.out.push_str("<p><strong>"),
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => {
                self.open("pre", CODE);
                self.out.push_str("<code>");
            }
            Tag::List(None) => self.out.push_str("<ul>\n"),
            Tag::List(Some(1)) => self.out.push_str("<ol>\n"),
            Tag::List(Some(first)) => self.out.push_str(&format!("<ol start=\"{first}\">\n")),
            Tag::Item => self.out.push_str("<li>"),
            Tag::Table(_) => self.open("table", TABLE),
            Tag::TableHead => {
                self.is_head = true;
                self.out.push_str("<thead><tr>");
            }
            Tag::TableRow => self.out.push_str("<tr>"),
            Tag::TableCell if self.is_head => self.open("th scope=\"col\"", CELL),
            Tag::TableCell => self.open("td", CELL),
            Tag::Emphasis => self.out.push_str("<em>"),
            Tag::Strong => self.out.push_str("<strong>"),
            Tag::Link {
                link_type,
                dest_url,
                ..
            } => self.link(allowed(link_type, &dest_url)),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.out.push_str("</p>\n"),
            TagEnd::Heading(_) => self.out.push_str("</strong></p>\n"),
            TagEnd::CodeBlock => self.out.push_str("</code></pre>\n"),
            TagEnd::List(false) => self.out.push_str("</ul>\n"),
            TagEnd::List(true) => self.out.push_str("</ol>\n"),
            TagEnd::Item => self.out.push_str("</li>\n"),
            TagEnd::Table => self.out.push_str("</tbody></table>\n"),
            TagEnd::TableHead => {
                self.is_head = false;
                self.out.push_str("</tr></thead>\n<tbody>\n");
            }
            TagEnd::TableRow => self.out.push_str("</tr>\n"),
            TagEnd::TableCell if self.is_head => self.out.push_str("</th>"),
            TagEnd::TableCell => self.out.push_str("</td>"),
            TagEnd::Emphasis => self.out.push_str("</em>"),
            TagEnd::Strong => self.out.push_str("</strong>"),
            TagEnd::Link => self.end_link(),
            _ => {}
        }
    }

    /// Opens an element, with its style where only styles on elements are sure.
    fn open(&mut self, element: &str, style: &str) {
        let style = match self.place {
            For::Page => "",
            For::Mail => style,
        };
        self.out.push_str(&format!("<{element}{style}>"));
    }

    fn link(&mut self, target: Option<String>) {
        if let Some(target) = &target {
            self.out.push_str("<a href=\"");
            escape(&mut self.out, target);
            self.out.push_str("\" rel=\"noreferrer noopener\">");
        }
        self.links
            .push(target.map(|target| (target, String::new())));
    }

    fn end_link(&mut self) {
        if let Some(Some((target, text))) = self.links.pop() {
            self.out.push_str("</a>");
            let host = destination(&target);
            if !text.contains(host) {
                self.text(&format!(" ({host})"));
            }
        }
    }

    fn text(&mut self, text: &str) {
        escape(&mut self.out, text);
        for (_, shown) in self.links.iter_mut().flatten() {
            shown.push_str(text);
        }
    }
}

fn escape(out: &mut String, text: &str) {
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(sign),
        }
    }
}
