//! Markdown: what becomes of each thing, and of everything that is not allowed.

use super::*;

fn html(text: &str) -> String {
    to_html(text, For::Page).to_string()
}

const ALL: &str = "\
# Order

Amount **4711 EUR** for *new* `disks`.
Second line\\
third line

1. one
2. two
   - inner
   - more

     para

```sh
rm -rf <all>
  x
```

| Item | Price |
|------|------:|
| disk | 12 |

> said

See [the order](https://shop.example.org/1?a=1&b=2), <https://example.org/x>, <anna@example.org>
or [mail](mailto:anna@example.org).

---
";

/// Goal: every allowed thing as HTML, and nothing else.
#[test]
fn allowed_markdown_becomes_html() {
    let expected = "\
<p><strong>Order</strong></p>
<p>Amount <strong>4711 EUR</strong> for <em>new</em> <code>disks</code>.
Second line<br>
third line</p>
<ol>
<li>one</li>
<li>two<ul>
<li><p>inner</p>
</li>
<li><p>more</p>
<p>para</p>
</li>
</ul>
</li>
</ol>
<pre>";
    let page = html(ALL);
    assert_eq!(page.get(..expected.len()), Some(expected));
    assert!(page.contains("<pre><code>rm -rf &lt;all&gt;\n  x\n</code></pre>"));
    assert!(page.contains(
        "<table><thead><tr><th scope=\"col\">Item</th><th scope=\"col\">Price</th></tr></thead>\n\
         <tbody>\n<tr><td>disk</td><td>12</td></tr>\n</tbody></table>"
    ));
    assert!(page.contains("<p>said</p>"));
    assert!(page.contains(
        "<a href=\"https://shop.example.org/1?a=1&amp;b=2\" rel=\"noreferrer noopener\">the \
         order</a> (shop.example.org)"
    ));
    assert!(page.contains(
        "<a href=\"https://example.org/x\" rel=\"noreferrer noopener\">https://example.org/x</a>,"
    ));
    assert!(page.contains("<a href=\"mailto:anna@example.org\""));
    assert!(!page.contains("<hr"));
}

/// Goal: the same as plain text: everything is there, links with their addresses.
#[test]
fn allowed_markdown_becomes_text() {
    assert_eq!(
        to_text(ALL),
        "\
Order

Amount 4711 EUR for new disks.
Second line
third line

1. one
2. two
   - inner
   - more

     para

    rm -rf <all>
      x

Item | Price
disk | 12

said

See the order <https://shop.example.org/1?a=1&b=2>, https://example.org/x, anna@example.org
or mail <mailto:anna@example.org>."
    );
}

/// Goal: tags are text, and no link leads anywhere but to `https` and `mailto`.
#[test]
fn s77_tags_are_text_and_scripts_are_no_links() {
    for (text, want) in [
        (
            "<script>alert(1)</script>",
            "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n",
        ),
        (
            "a <img src=x onerror=alert(1)> b",
            "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n",
        ),
        ("[pay](javascript:alert(1))", "<p>pay</p>\n"),
        ("[pay](JaVaScRiPt:alert(1))", "<p>pay</p>\n"),
        ("[pay](data:text/html,x)", "<p>pay</p>\n"),
        ("[pay](http://example.org)", "<p>pay</p>\n"),
        ("[pay](//example.org)", "<p>pay</p>\n"),
        ("[pay](/a/x)", "<p>pay</p>\n"),
        ("<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n"),
        ("![seen](https://evil.example/pixel.png)", "<p>seen</p>\n"),
        ("[pay][x]\n\n[x]: javascript:alert(1)", "<p>pay</p>\n"),
    ] {
        assert_eq!(html(text), want, "{text}");
    }
    let quote = html("[a](https://example.org/\"onmouseover=alert(1))");
    assert!(!quote.contains("\"onmouseover"), "{quote}");
    let title = html("[a](https://example.org \"title\")");
    assert!(!title.contains("title="), "{title}");
}

/// Goal: whose page a link leads to is seen, whatever its text says.
#[test]
fn a_link_shows_where_it_leads() {
    let shown = html("[https://bank.example](https://bank.example@evil.example/x)");
    assert!(
        shown.ends_with(">https://bank.example</a> (evil.example)</p>\n"),
        "{shown}"
    );
    let image = html("[![logo](https://x.example/i.png)](https://evil.example)");
    assert!(image.ends_with(">logo</a> (evil.example)</p>\n"), "{image}");
}

/// Goal: signs that turn or hide text are seen as markers.
#[test]
fn unseen_signs_are_markers() {
    assert_eq!(html("a\u{202e}b"), "<p>a[U+202E]b</p>\n");
    assert_eq!(to_text("a\u{202e}b"), "a[U+202E]b");
}

/// Goal: whatever comes in, every element that is opened is closed, and only allowed ones are.
#[test]
fn s77_any_input_gives_balanced_allowed_elements() {
    let pieces = [
        "*",
        "**",
        "_",
        "`",
        "```\n",
        "[",
        "](",
        ")",
        "<b>",
        "</p>",
        "<!--",
        "\n",
        "\n\n",
        "- ",
        "1. ",
        "> ",
        "| a | b |\n|---|---|\n",
        "# ",
        "a",
        "&lt;",
        "\\",
        "![",
        "<https://x.y>",
        "\0",
        "    ",
        "<div>\n",
        "](javascript:x)",
        "](https://x.y)",
    ];
    let mut state = 7_u64;
    for _ in 0..3_000 {
        let mut text = String::new();
        for _ in 0..20 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        assert_balanced(&html(&text), &text);
        let plain = to_text(&text);
        assert!(plain.len() < 4 * text.len() + 4_000, "{text:?}");
    }
}

/// Goal: a thousand levels of a list are read in a moment and do not fill the mail with blanks.
#[test]
fn deep_lists_stay_small() {
    let deep = format!("{}x", "- ".repeat(2_000));
    assert!(to_text(&deep).len() < 100_000);
    assert_balanced(&html(&deep), "deep");
}

fn assert_balanced(page: &str, source: &str) {
    const ALLOWED: [&str; 15] = [
        "p", "strong", "em", "code", "pre", "ul", "ol", "li", "table", "thead", "tbody", "tr",
        "th", "td", "a",
    ];
    let mut open = Vec::new();
    for part in page.split('<').skip(1) {
        let tag = part.split('>').next().expect("a tag");
        let name = tag
            .trim_start_matches('/')
            .split(' ')
            .next()
            .expect("a name");
        if name == "br" {
            continue;
        }
        assert!(ALLOWED.contains(&name), "{name} of {source:?} in {page}");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{source:?} in {page}");
        } else {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "{source:?} in {page}");
}
