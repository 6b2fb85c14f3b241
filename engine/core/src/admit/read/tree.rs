//! The tree of places of a text, built from the parser's events without recursion.
//!
//! It resolves aliases and merge keys (`<<`) itself, refuses keys that are double or no texts, and
//! stops at the limits before anything large exists.

use std::collections::BTreeMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use usher_api::code;

use super::number::{Number, boolean, is_not_finite, is_null, number};
use super::{DEPTH_MAX, DOCUMENTS_MAX, GROWTH_MAX, VALUES_MAX, is_control};
use crate::admit::faults::Faults;
use crate::admit::path::{Path, shown};
use crate::admit::places::{Inner, Lines, Place, Places};

/// Reads every document of a text.
pub(super) fn documents(text: &str, faults: &mut Faults<'_>) -> Vec<Places> {
    let options = granit_parser::options! {
        emit_comments: false,
    };
    let mut build = Build {
        faults,
        documents: Vec::new(),
        frames: Vec::new(),
        anchors: BTreeMap::new(),
        values: 0,
        grown: 0,
        source: text,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => {
                if build.event(event, span).is_none() {
                    break;
                }
            }
            Err(error) => {
                build.tell_syntax(&error);
                break;
            }
        }
    }
    build.documents
}

/// A list or mapping that is still open.
struct Frame {
    place: Place,
    anchor: usize,
    /// Bytes so far, and levels below.
    weight: u64,
    depth: usize,
    open: Open,
}

enum Open {
    List(Vec<Arc<Places>>),
    Map {
        fields: BTreeMap<String, (Place, Arc<Places>)>,
        /// The name whose value comes next.
        key: Option<Key>,
        /// What `<<` brings in, where the mapping does not say otherwise.
        merged: Vec<Arc<Places>>,
    },
}

enum Key {
    Name(String, Place),
    Merge(Place),
    /// A key that was refused; its value is read and dropped.
    Refused,
}

struct Build<'a, 'b> {
    faults: &'a mut Faults<'b>,
    documents: Vec<Places>,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, Arc<Places>>,
    values: usize,
    grown: u64,
    source: &'a str,
}

impl Build<'_, '_> {
    /// Takes an event; none when a limit is passed and nothing more is to be read.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let place = place_of(&span);
        match event {
            Event::DocumentStart(..) => {
                self.anchors.clear();
                if self.documents.len() >= DOCUMENTS_MAX {
                    return self.too_big(place, format!("more than {DOCUMENTS_MAX} documents"));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.count(place)?;
                self.check_characters(&text, place);
                let is_plain = style == ScalarStyle::Plain && !self.is_text(tag.as_deref(), place);
                if is_plain {
                    self.check_finite(&text, place);
                }
                let places = Places {
                    place,
                    weight: text.len() as u64 + 2,
                    depth: 0,
                    inner: Inner::Scalar {
                        lines: lines(&text, style, &span, self.source),
                        text: text.into_owned(),
                        is_plain,
                    },
                };
                self.done(places, anchor);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", place);
                self.open(place, anchor, Open::List(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", place);
                let open = Open::Map {
                    fields: BTreeMap::new(),
                    key: None,
                    merged: Vec::new(),
                };
                self.open(place, anchor, open)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, place)?,
            _ => {}
        }
        Some(())
    }

    fn count(&mut self, place: Place) -> Option<()> {
        self.values += 1;
        match self.values > VALUES_MAX {
            true => self.too_big(place, format!("more than {VALUES_MAX} values")),
            false => Some(()),
        }
    }

    fn open(&mut self, place: Place, anchor: usize, open: Open) -> Option<()> {
        self.count(place)?;
        if self.frames.len() >= DEPTH_MAX {
            return self.too_big(place, format!("nests deeper than {DEPTH_MAX} levels"));
        }
        self.frames.push(Frame {
            place,
            anchor,
            weight: 2,
            depth: 1,
            open,
        });
        Some(())
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let inner = match frame.open {
            Open::List(elements) => Inner::Elements(elements),
            Open::Map {
                mut fields, merged, ..
            } => {
                for source in merged {
                    if let Inner::Fields(more) = &source.inner {
                        for (name, field) in more {
                            fields.entry(name.clone()).or_insert_with(|| field.clone());
                        }
                    }
                }
                Inner::Fields(fields)
            }
        };
        let places = Places {
            place: frame.place,
            weight: frame.weight,
            depth: frame.depth,
            inner,
        };
        self.done(places, frame.anchor);
    }

    fn alias(&mut self, id: usize, place: Place) -> Option<()> {
        self.count(place)?;
        let Some(target) = self.anchors.get(&id).cloned() else {
            let message = "the alias stands inside what it names";
            self.tell(&code::SYNTAX, place, message.to_owned());
            return None;
        };
        self.grown = self.grown.saturating_add(target.weight);
        if self.grown > (self.source.len() as u64).saturating_mul(GROWTH_MAX) {
            let message = format!("aliases make the file more than {GROWTH_MAX} times larger");
            return self.too_big(place, message);
        }
        if self.frames.len() + target.depth > DEPTH_MAX {
            return self.too_big(place, format!("nests deeper than {DEPTH_MAX} levels"));
        }
        let is_key = matches!(
            self.frames.last(),
            Some(Frame {
                open: Open::Map { key: None, .. },
                ..
            })
        );
        match is_key {
            true => self.refuse_key(place, "a key must be written out, not an alias"),
            false => self.put(target),
        }
        Some(())
    }

    /// A value is complete.
    fn done(&mut self, places: Places, anchor: usize) {
        let places = Arc::new(places);
        if anchor > 0 {
            self.anchors.insert(anchor, places.clone());
        }
        if let Some(Frame {
            open: Open::Map { key: None, .. },
            ..
        }) = self.frames.last()
        {
            self.key(&places);
        } else {
            self.put(places);
        }
    }

    /// Puts a value where it belongs.
    fn put(&mut self, places: Arc<Places>) {
        let Some(frame) = self.frames.last_mut() else {
            self.documents.push(Arc::unwrap_or_clone(places));
            return;
        };
        frame.weight = frame.weight.saturating_add(places.weight);
        frame.depth = frame.depth.max(places.depth + 1);
        let (fields, key, merged) = match &mut frame.open {
            Open::List(elements) => return elements.push(places),
            Open::Map {
                fields,
                key,
                merged,
            } => (fields, key, merged),
        };
        match key.take() {
            Some(Key::Name(name, place)) => {
                fields.insert(name, (place, places));
            }
            Some(Key::Merge(place)) => match merge_sources(&places) {
                Some(sources) => merged.extend(sources),
                None => {
                    let message = "`<<` takes a mapping, or a list of mappings";
                    self.tell(&code::WRONG_KIND, place, message.to_owned());
                }
            },
            Some(Key::Refused) | None => {}
        }
    }

    /// A key is complete: remembers it for the value that follows.
    fn key(&mut self, places: &Places) {
        let Inner::Scalar { text, is_plain, .. } = &places.inner else {
            return self.refuse_key(places.place, "a key must be a text");
        };
        let place = places.place;
        if *is_plain && text == "<<" {
            return self.set_key(Key::Merge(place));
        }
        let is_canonical = text
            .parse::<i64>()
            .is_ok_and(|read| read.to_string() == *text);
        if *is_plain
            && (is_null(text)
                || boolean(text).is_some()
                || (number(text).is_some() && !is_canonical))
        {
            let message = format!(
                "YAML readers do not agree on the key {}; put it in quotes",
                shown(text)
            );
            return self.refuse_key(place, &message);
        }
        let first = match self.frames.last() {
            Some(Frame {
                open: Open::Map { fields, .. },
                ..
            }) => fields.get(text.as_str()).map(|(place, _)| *place),
            _ => None,
        };
        match first {
            Some((line, _)) => {
                let message = format!("key {} is already there in line {line}", shown(text));
                self.tell(&code::DUPLICATE_KEY, place, message);
                self.set_key(Key::Refused);
            }
            None => self.set_key(Key::Name(text.clone(), place)),
        }
    }

    fn refuse_key(&mut self, place: Place, message: &str) {
        self.tell(&code::TWO_READINGS, place, message.to_owned());
        self.set_key(Key::Refused);
    }

    fn set_key(&mut self, next: Key) {
        if let Some(Frame {
            open: Open::Map { key, .. },
            ..
        }) = self.frames.last_mut()
        {
            *key = Some(next);
        }
    }

    fn check_finite(&mut self, text: &str, place: Place) {
        let has_no_end = match number(text) {
            Some(Number::Fraction(fraction)) => !fraction.is_finite(),
            Some(Number::Whole(_)) => false,
            None => is_not_finite(text),
        };
        if has_no_end {
            let message = format!("{} is no finite number; put it in quotes", shown(text));
            self.tell(&code::BAD_NUMBER, place, message);
        }
    }

    fn check_characters(&mut self, text: &str, place: Place) {
        if let Some(c) = text.chars().find(|c| is_control(*c)) {
            let message = format!(
                "the text holds the control character U+{:04X}; take it out",
                u32::from(c)
            );
            self.tell(&code::CHARACTERS, place, message);
        }
    }

    /// Whether a scalar's tag says that it is text.
    fn is_text(&mut self, tag: Option<&Tag>, place: Place) -> bool {
        match tag {
            Some(tag) if tag.is_yaml_core_schema_tag("str") => true,
            Some(tag) => {
                let known = ["int", "float", "bool", "null"];
                if !known.iter().any(|word| tag.is_yaml_core_schema_tag(word)) {
                    self.tell_tag(tag, place);
                }
                false
            }
            None => false,
        }
    }

    fn check_tag(&mut self, tag: Option<&Tag>, wanted: &str, place: Place) {
        if let Some(tag) = tag
            && !tag.is_yaml_core_schema_tag(wanted)
        {
            self.tell_tag(tag, place);
        }
    }

    fn tell_tag(&mut self, tag: &Tag, place: Place) {
        let message = format!(
            "the YAML tag {} has no meaning here",
            shown(&tag.original())
        );
        self.tell(&code::TWO_READINGS, place, message);
    }

    fn tell_syntax(&mut self, error: &granit_parser::ScanError) {
        let mark = error.marker();
        let place = (mark.line() as u32, mark.col() as u32 + 1);
        if matches!(
            error.kind(),
            granit_parser::ErrorKind::RecursionLimitExceeded
        ) {
            let message = format!("nests deeper than {DEPTH_MAX} levels");
            return self.tell(&code::TOO_BIG, place, message);
        }
        let line = self
            .source
            .lines()
            .nth(mark.line().saturating_sub(1))
            .unwrap_or("");
        let blank = &line[..line.len() - line.trim_start().len()];
        let hint = match blank.contains('\t') {
            true => "; YAML is indented with spaces, not with tabs",
            false => "",
        };
        self.tell(&code::SYNTAX, place, format!("{}{hint}", error.info()));
    }

    fn too_big(&mut self, place: Place, message: String) -> Option<()> {
        self.tell(&code::TOO_BIG, place, message);
        None
    }

    fn tell(&mut self, code: &'static usher_api::code::Code, place: Place, message: String) {
        let path = self.path();
        self.faults.add_at(code, place, &path, message);
    }

    /// The path of what is being read.
    fn path(&self) -> Path {
        let mut path = Path::default();
        for frame in &self.frames {
            path = match &frame.open {
                Open::List(elements) => path.index(elements.len()),
                Open::Map {
                    key: Some(Key::Name(name, _)),
                    ..
                } => path.key(name),
                Open::Map { .. } => path,
            };
        }
        path
    }
}

fn place_of(span: &Span) -> Place {
    (span.start.line() as u32, span.start.col() as u32 + 1)
}

/// How the characters of a scalar stand in the source.
fn lines(text: &str, style: ScalarStyle, span: &Span, source: &str) -> Lines {
    let quotes = match style {
        ScalarStyle::Plain => 0,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
        // Where the first line begins is sure only if it is neither empty nor indented further.
        ScalarStyle::Literal if !text.starts_with([' ', '\n', '\t']) => return Lines::Block,
        ScalarStyle::Literal | ScalarStyle::Folded => return Lines::Unknown,
    };
    let begin = span.byte_range().map(|range| range.start + quotes);
    let is_verbatim = begin
        .and_then(|begin| source.get(begin..))
        .is_some_and(|rest| rest.starts_with(text));
    match is_verbatim && !text.contains('\n') {
        true => Lines::One(quotes as u32),
        false => Lines::Unknown,
    }
}

fn merge_sources(places: &Arc<Places>) -> Option<Vec<Arc<Places>>> {
    let is_map = |places: &Places| matches!(places.inner, Inner::Fields(_));
    match &places.inner {
        Inner::Fields(_) => Some(vec![places.clone()]),
        Inner::Elements(list) if list.iter().all(|places| is_map(places)) => Some(list.clone()),
        Inner::Elements(_) | Inner::Scalar { .. } | Inner::None => None,
    }
}
