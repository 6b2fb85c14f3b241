//! The structure of pages, read from their bytes: what assistive technology needs, and that
//! nothing outside is referred to. A browser with axe looks again elsewhere; this stands in every
//! build.

use std::collections::BTreeSet;

use super::*;

/// An element as it is opened: name and attributes.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads the opening tags. Strict: an attribute has a name of letters and a value in double
/// quotes, or none; anything else is a fault of the page.
fn elements(page: &str) -> Vec<Element> {
    let mut elements = Vec::new();
    for part in page.split('<').skip(1) {
        if part.starts_with(['/', '!']) {
            continue;
        }
        let name_end = part.find([' ', '>', '\n']).expect("a tag ends");
        let (name, mut rest) = part.split_at(name_end);
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.starts_with('>') {
                break;
            }
            let end = rest.find(['=', ' ', '>']).expect("an attribute ends");
            let own = rest[..end].to_owned();
            let is_name = |sign: char| sign.is_ascii_lowercase() || sign == '-';
            assert!(
                !own.is_empty() && own.chars().all(is_name),
                "{own:?} in <{part}"
            );
            rest = &rest[end..];
            let mut value = String::new();
            if let Some(quoted) = rest.strip_prefix("=\"") {
                let end = quoted.find('"').expect("a value ends");
                value = quoted[..end].to_owned();
                rest = &quoted[end + 1..];
            }
            attributes.push((own, value));
        }
        elements.push(Element {
            name: name.to_owned(),
            attributes,
        });
    }
    elements
}

const ELEMENTS: [&str; 43] = [
    "html", "head", "meta", "title", "link", "body", "a", "header", "main", "footer", "p", "div",
    "span", "h1", "h2", "ul", "ol", "li", "dl", "dt", "dd", "form", "fieldset", "legend", "label",
    "input", "select", "option", "textarea", "button", "strong", "em", "code", "pre", "br",
    "table", "thead", "tbody", "tr", "th", "td", "iframe", "section",
];

/// Fails unless the page is sound.
pub(super) fn assert_sound(name: &str, page: &str) {
    let elements = elements(page);
    let count = |tag: &str| {
        elements
            .iter()
            .filter(|element| element.name == tag)
            .count()
    };
    for tag in ["html", "title", "header", "main", "h1", "footer"] {
        assert_eq!(count(tag), 1, "{name}: <{tag}>: {page}");
    }
    let mut ids = BTreeSet::new();
    for element in &elements {
        assert!(
            ELEMENTS.contains(&element.name.as_str()),
            "{name}: <{}>",
            element.name
        );
        assert!(
            element.get("style").is_none(),
            "{name}: a style on an element"
        );
        if let Some(id) = element.get("id") {
            assert!(ids.insert(id), "{name}: the id {id} twice");
        }
        for (attribute, value) in &element.attributes {
            assert!(!attribute.starts_with("on"), "{name}: {attribute}");
            let leads = matches!(attribute.as_str(), "href" | "src" | "action");
            let is_outside = leads && !value.starts_with(['/', '#']);
            let may = value.starts_with("https://") && element.name == "a";
            assert!(!is_outside || may, "{name}: {attribute}={value}");
        }
    }
    let html = &elements.iter().find(|element| element.name == "html");
    assert!(html.is_some_and(|html| html.get("lang").is_some_and(|lang| lang.len() >= 2)));
    assert_labelled(name, &elements, &ids);
}

/// Every input has a label, every reference to an id leads to one.
fn assert_labelled(name: &str, elements: &[Element], ids: &BTreeSet<&str>) {
    let labelled: BTreeSet<_> = elements
        .iter()
        .filter_map(|element| element.get("for"))
        .collect();
    for element in elements {
        let is_hidden = element.get("type") == Some("hidden");
        if matches!(element.name.as_str(), "input" | "select" | "textarea") && !is_hidden {
            let id = element.get("id").expect("an input has an id");
            assert!(labelled.contains(id), "{name}: {id} has no label");
        }
        if element.name == "iframe" {
            assert!(element.get("title").is_some_and(|title| !title.is_empty()));
            let sandbox = element.get("sandbox").expect("a frame is a sandbox");
            assert!(!sandbox.contains("scripts") && !sandbox.contains("same-origin"));
        }
        let ends = ["for", "aria-describedby", "aria-labelledby"];
        for end in ends.iter().filter_map(|attribute| element.get(attribute)) {
            for id in end.split(' ') {
                assert!(ids.contains(id), "{name}: no element has the id {id}");
            }
        }
        let inside = element.get("href").and_then(|href| href.strip_prefix('#'));
        if let Some(id) = inside {
            assert!(ids.contains(id), "{name}: #{id} leads nowhere");
        }
    }
}

/// Goal: landmarks, one heading, labels, no script, no style, nothing from outside: on every page
/// and in every language.
#[test]
fn every_page_is_sound() {
    for lang in Lang::ALL {
        for (name, page) in pages(lang) {
            assert_sound(&name, &page);
            assert!(page.contains(&format!("<html lang=\"{}\"", lang.tag())));
        }
    }
}

/// Goal: a fault is tied to its input, stands in the summary in the page's order, and says so in
/// words.
#[test]
fn faults_are_tied_to_their_inputs() {
    let page = faulty(&pending(), Lang::En);
    let order: Vec<&str> = page
        .split("<li><a href=\"#")
        .skip(1)
        .filter_map(|part| part.split('"').next())
        .collect();
    assert_eq!(order, ["decision", "field-0", "field-3", "comment"]);
    assert!(
        page.contains("<li>colour: The form has no such field.</li>"),
        "{page}"
    );
    assert!(
        page.contains("aria-describedby=\"field-0-help field-0-fault\""),
        "{page}"
    );
    assert!(page.contains("<title>Error: Invoice 4711 – Example approvals</title>"));
    assert!(page.contains(
        "<p class=\"fault\" id=\"field-3-fault\">Error: Enter a whole number, like 12.</p>"
    ));
    assert!(page.contains("role=\"alert\""), "{page}");
}
