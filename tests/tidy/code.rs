//! Rust source without its comments and literals, so that braces and words mean what they say.

/// The same text, line by line, with comments, strings and characters blanked.
pub(crate) fn bare(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => comment_end(&chars, at),
            '"' => string_end(&chars, at),
            'r' if starts_word(&chars, at) => raw_end(&chars, at).unwrap_or(at),
            '\'' => char_end(&chars, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(
            chars[at..end]
                .iter()
                .map(|&c| if c == '\n' { '\n' } else { ' ' }),
        );
        at = end;
    }
    out
}

fn starts_word(chars: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| chars[before]);
    before.is_none_or(|c| c == 'b' || !(c.is_alphanumeric() || c == '_'))
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..]
        .iter()
        .position(|&c| c == '\n')
        .map_or(chars.len(), |n| at + n)
}

fn comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut at = at;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut at = at + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// The end of `r"…"` or `r#"…"#`, if that is what begins here.
fn raw_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let mut at = open + 1;
    while at < chars.len() {
        let closing = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
        if chars[at] == '"' && closing >= hashes {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(chars.len())
}

/// The end of a character; none for a lifetime.
fn char_end(chars: &[char], at: usize) -> Option<usize> {
    if chars.get(at + 1) == Some(&'\\') {
        let close = chars[at + 3..].iter().position(|&c| c == '\'')?;
        return Some(at + 3 + close + 1);
    }
    (chars.get(at + 2) == Some(&'\'')).then_some(at + 3)
}

/// A function of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub name: String,
    /// Its first line, from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
}

/// Every function with a body, those inside others too.
pub(crate) fn functions(text: &str) -> Vec<Function> {
    let bare = bare(text);
    let chars: Vec<char> = bare.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at + 3 < chars.len() {
        let word = chars[at] == 'f' && chars[at + 1] == 'n' && chars[at + 2].is_whitespace();
        if word
            && starts_word(&chars, at)
            && let Some((open, close)) = body(&chars, at)
        {
            let name: String = chars[at + 3..open]
                .iter()
                .take_while(|c| c.is_alphanumeric() || **c == '_')
                .collect();
            let line = newlines(&chars[..at]) + 1;
            found.push(Function {
                name,
                line,
                lines: newlines(&chars[at..close]) + 1,
            });
        }
        at += 1;
    }
    found
}

fn newlines(chars: &[char]) -> usize {
    chars.iter().filter(|&&c| c == '\n').count()
}

/// Where the body of the function at `at` opens and closes; none for a declaration or a type.
fn body(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let mut depth = 0_i32;
    let mut open = at;
    loop {
        match chars.get(open)? {
            '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => return None,
            ')' | ']' => depth -= 1,
            ';' | ',' | '=' | '}' if depth == 0 && !arrow(chars, open) => return None,
            '{' if depth == 0 => break,
            _ => {}
        }
        open += 1;
    }
    let mut depth = 0_i32;
    for (at, c) in chars.iter().enumerate().skip(open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((open, at));
        }
    }
    None
}

/// A comma or an equals sign that belongs to generics or to a where clause, not to an end.
fn arrow(chars: &[char], at: usize) -> bool {
    let line_start = chars[..at]
        .iter()
        .rposition(|&c| c == '\n')
        .map_or(0, |n| n + 1);
    let before: String = chars[line_start..at].iter().collect();
    let angles = |c: char| before.matches(c).count();
    matches!(chars[at], ',' | '=') && (angles('<') > 0 || before.contains(':'))
}

#[test]
fn literals_and_comments_are_blanked() {
    let text = "let a = \"{ // \\\" \"; // }\nlet b = '{'; /* { /* } */ */ let c = r#\"}\"}\"#;\n\
                fn f<'a>(x: &'a str) {}";
    let expected = "let a =          ;     \nlet b =    ;                  let c =          ;\n\
                    fn f<'a>(x: &'a str) {}";
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeeze(&bare(text)), squeeze(expected));
    assert_eq!(
        bare(text).chars().count(),
        text.chars().count(),
        "places stay"
    );
}

#[test]
fn functions_are_found_with_their_lines() {
    let text = "trait T {\n    fn declared(&self) -> u8;\n}\nfn one() {}\n\nfn two<A, B>(\n    \
                a: A,\n) -> Result<A, B>\nwhere\n    A: Fn(B, B),\n{\n    let x = \"}\";\n    \
                fn inner() {\n    }\n}\nstruct S {\n    call: fn(u8) -> u8,\n}\n";
    let function = |name: &str, line, lines| Function {
        name: name.to_owned(),
        line,
        lines,
    };
    assert_eq!(
        functions(text),
        [
            function("one", 4, 1),
            function("two", 6, 10),
            function("inner", 13, 2)
        ]
    );
}
