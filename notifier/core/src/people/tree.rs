//! A small YAML file as a tree of texts with their places.
//!
//! Everything that is no list and no mapping is a text here: `no` and `007` are what they look
//! like, and nothing at all is the empty text. Anchors and aliases are refused: nothing grows, and
//! each thing has one place.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span};

use super::PeopleFault;

/// Line and column in characters, both from 1.
pub(super) type Place = (u32, u32);

/// Levels of lists and mappings.
const DEPTH_MAX: usize = 8;

const TOO_DEEP: &str = "nests deeper than anything here does";

/// Values in a file: a hundred thousand persons have fewer.
const VALUES_MAX: usize = 1_000_000;

/// Faults that are told.
const FAULTS_MAX: usize = 200;

/// A value and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) inner: Inner,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Inner {
    Text(String),
    List(Vec<Node>),
    Map(Vec<Field>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) value: Node,
}

/// Faults in the making.
#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<PeopleFault>,
}

impl Faults {
    pub(super) fn tell(&mut self, (line, column): Place, message: impl Into<String>) {
        // One more than is told shows that there are more.
        if self.list.len() <= FAULTS_MAX {
            self.list.push(PeopleFault {
                line,
                column,
                message: message.into(),
            });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Them all, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<PeopleFault> {
        let is_cut = self.list.len() > FAULTS_MAX;
        self.list.truncate(FAULTS_MAX);
        self.list.sort_by_key(|fault| (fault.line, fault.column));
        if is_cut && let Some(last) = self.list.last_mut() {
            last.message += "; there are more faults than are told";
        }
        self.list
    }
}

struct Frame {
    place: Place,
    open: Open,
}

enum Open {
    List(Vec<Node>),
    Map(Vec<Field>, Option<(String, Place)>),
}

struct Build<'a> {
    faults: &'a mut Faults,
    root: Option<Node>,
    documents: usize,
    frames: Vec<Frame>,
    values: usize,
}

/// Reads the one document of a text; none when it is empty, or when it cannot be read, which is
/// a fault.
pub(super) fn read(text: &str, faults: &mut Faults) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
    };
    let mut build = Build {
        faults,
        root: None,
        documents: 0,
        frames: Vec::new(),
        values: 0,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => build.event(event, &span)?,
            Err(error) => {
                let mark = error.marker();
                let place = (mark.line() as u32, mark.col() as u32 + 1);
                let is_deep = matches!(error.kind(), ErrorKind::RecursionLimitExceeded);
                match is_deep {
                    true => build.faults.tell(place, TOO_DEEP),
                    false => build.faults.tell(place, error.info()),
                }
                return None;
            }
        }
    }
    build.root
}

impl Build<'_> {
    /// Takes an event; none when nothing more is to be read.
    fn event(&mut self, event: Event<'_>, span: &Span) -> Option<()> {
        let place = (span.start.line() as u32, span.start.col() as u32 + 1);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return self.stop(place, "it is one document; take out the `---`");
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                self.count(place, anchor)?;
                if style == ScalarStyle::Plain && matches!(&*text, "~" | "null") {
                    self.put(place, Inner::Text(String::new()));
                    return Some(());
                }
                if let Some(c) = text.chars().find(|c| c.is_control() && *c != '\n') {
                    let code = u32::from(c);
                    let message = format!("holds the control character U+{code:04X}");
                    self.faults.tell(place, message);
                }
                self.put(place, Inner::Text(text.into_owned()));
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(place, anchor, Open::List(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(place, anchor, Open::Map(Vec::new(), None))?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(frame) = self.frames.pop() {
                    let inner = match frame.open {
                        Open::List(list) => Inner::List(list),
                        Open::Map(fields, _) => Inner::Map(fields),
                    };
                    self.put(frame.place, inner);
                }
            }
            Event::Alias(..) => return self.stop(place, "aliases are not read; write it out"),
            _ => {}
        }
        Some(())
    }

    fn stop(&mut self, place: Place, message: &str) -> Option<()> {
        self.faults.tell(place, message);
        None
    }

    fn count(&mut self, place: Place, anchor: usize) -> Option<()> {
        if anchor > 0 {
            return self.stop(place, "anchors are not read; write it out");
        }
        self.values += 1;
        if self.values > VALUES_MAX {
            return self.stop(place, "the file is too large: more than a million values");
        }
        Some(())
    }

    fn open(&mut self, place: Place, anchor: usize, open: Open) -> Option<()> {
        self.count(place, anchor)?;
        if self.frames.len() >= DEPTH_MAX {
            return self.stop(place, TOO_DEEP);
        }
        self.frames.push(Frame { place, open });
        Some(())
    }

    /// Puts a complete value where it belongs.
    fn put(&mut self, place: Place, inner: Inner) {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(Node { place, inner });
            return;
        };
        match &mut frame.open {
            Open::List(list) => list.push(Node { place, inner }),
            Open::Map(fields, key) => match (key.take(), inner) {
                (Some((name, at)), inner) => {
                    let first = fields.iter().find(|field| field.name == name);
                    if let Some(first) = first {
                        let line = first.place.0;
                        let message = format!("`{name}` is already there in line {line}");
                        self.faults.tell(at, message);
                        return;
                    }
                    let value = Node { place, inner };
                    fields.push(Field {
                        name,
                        place: at,
                        value,
                    });
                }
                (None, Inner::Text(name)) => *key = Some((name, place)),
                (None, _) => {
                    self.faults.tell(place, "a key must be a text");
                    *key = Some((String::new(), place));
                }
            },
        }
    }
}
