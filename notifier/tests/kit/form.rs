//! The forms of a page as a browser without scripts sees them.

/// A form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// Where it is posted to.
    pub(crate) action: String,
    /// Names and values that are sent when nobody touches it: hidden ones and typed ones.
    pub(crate) inputs: Vec<(String, String)>,
    /// Radio buttons: name and value.
    pub(crate) radios: Vec<(String, String)>,
    /// Radio buttons and boxes that are on beforehand.
    pub(crate) checked: usize,
}

impl Form {
    /// The value that is sent for a name.
    pub(crate) fn value(&self, name: &str) -> &str {
        let found = self.inputs.iter().find(|(own, _)| own == name);
        &found
            .unwrap_or_else(|| panic!("no input {name} in {self:?}"))
            .1
    }

    /// The form with a value typed in or chosen.
    pub(crate) fn with(&self, name: &str, value: &str) -> Form {
        let mut form = self.clone();
        form.inputs.retain(|(own, _)| own != name);
        form.inputs.push((name.to_owned(), value.to_owned()));
        form
    }

    /// The body that is posted.
    pub(crate) fn body(&self) -> String {
        encode(&self.inputs)
    }
}

/// Pairs as a browser encodes them.
pub(crate) fn encode(pairs: &[(String, String)]) -> String {
    let one = |(name, value): &(String, String)| format!("{}={}", escape(name), escape(value));
    pairs.iter().map(one).collect::<Vec<_>>().join("&")
}

fn escape(text: &str) -> String {
    let sign = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(sign).collect()
}

/// Every form that is posted.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut found = Vec::new();
    for part in html.split("<form").skip(1) {
        let (head, rest) = part.split_once('>').unwrap();
        let inner = rest.split("</form").next().unwrap();
        let mut form = Form {
            action: attribute(head, "action").unwrap_or_default(),
            ..Form::default()
        };
        for tag in inner.split("<input").skip(1) {
            let tag = tag.split('>').next().unwrap();
            input(&mut form, tag);
        }
        for area in inner.split("<textarea").skip(1) {
            let (tag, rest) = area.split_once('>').unwrap();
            let text = rest.split("</textarea").next().unwrap();
            // The first line break after the tag is not part of the text.
            let text = text.strip_prefix('\n').unwrap_or(text);
            form.inputs
                .push((attribute(tag, "name").unwrap(), plain(text)));
        }
        found.push(form);
    }
    found
}

fn input(form: &mut Form, tag: &str) {
    let Some(name) = attribute(tag, "name") else {
        return;
    };
    let value = attribute(tag, "value").unwrap_or_default();
    let is_checked = tag
        .split_whitespace()
        .any(|word| word.trim_end_matches('/') == "checked");
    match attribute(tag, "type").as_deref() {
        Some("radio" | "checkbox") => {
            form.checked += usize::from(is_checked);
            form.radios.push((name.clone(), value.clone()));
            if is_checked {
                form.inputs.push((name, value));
            }
        }
        Some("submit") => {}
        _ => form.inputs.push((name, value)),
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next().map(plain)
}

/// Text without the escapes of HTML.
pub(crate) fn plain(html: &str) -> String {
    let names = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    names
        .iter()
        .fold(html.to_owned(), |text, (from, to)| text.replace(from, to))
}
