//! Contrast (WCAG 2.2, 1.4.3 and 1.4.11), computed from the colours of the style sheet.

use std::collections::BTreeMap;

use super::*;

/// Relative luminance of `#rrggbb`.
pub(crate) fn luminance(colour: &str) -> f64 {
    assert_eq!((colour.len(), &colour[..1]), (7, "#"), "{colour}");
    let part = |at: usize| {
        let value = u8::from_str_radix(&colour[at..at + 2], 16).expect("two hex digits");
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

/// The contrast of two colours, 1 to 21.
pub(crate) fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The colours by name, light and dark.
fn colours() -> [BTreeMap<String, String>; 2] {
    let lists: Vec<_> = STYLE
        .split(":root {")
        .skip(1)
        .map(|list| {
            let list = list.split('}').next().expect("a list ends");
            let pairs = list
                .split(';')
                .filter_map(|line| line.trim().strip_prefix("--"));
            pairs
                .map(|pair| pair.split_once(": ").expect("a name and a colour"))
                .map(|(name, colour)| (name.to_owned(), colour.to_owned()))
                .collect()
        })
        .collect();
    lists.try_into().expect("two lists of colours")
}

/// Goal: text is readable (4.5:1) and edges are seen (3:1), in light and dark.
#[test]
fn s106_pages_have_contrast_in_light_and_dark() {
    const TEXT: [(&str, &str); 10] = [
        ("ink", "paper"),
        ("soft", "paper"),
        ("accent", "paper"),
        ("on-accent", "accent"),
        ("fault", "paper"),
        ("fault", "fault-paper"),
        ("ink", "fault-paper"),
        ("ink", "notice-paper"),
        ("accent", "notice-paper"),
        ("soft", "notice-paper"),
    ];
    const EDGES: [(&str, &str); 3] = [("line", "paper"), ("accent", "paper"), ("fault", "paper")];
    let [light, dark] = colours();
    assert_eq!(light.len(), 9);
    assert_eq!(
        light.keys().collect::<Vec<_>>(),
        dark.keys().collect::<Vec<_>>()
    );
    for colours in [light, dark] {
        for (pairs, least) in [(&TEXT[..], 4.5), (&EDGES[..], 3.0)] {
            for (one, other) in pairs {
                let found = contrast(&colours[*one], &colours[*other]);
                assert!(found >= least, "{one} on {other}: {found:.2}");
            }
        }
    }
}

/// Goal: the two lists are all the colours there are, so that the test above sees them all.
#[test]
fn colours_stand_in_the_two_lists_only() {
    let after = STYLE
        .rsplit_once("--notice-paper")
        .expect("the last colour")
        .1;
    let rules = after.split_once('}').expect("the list ends").1;
    assert!(!rules.contains('#'), "{rules}");
    for word in ["rgb", "hsl", "opacity", "color-mix"] {
        assert!(!STYLE.contains(word), "{word}");
    }
    for line in rules.lines().filter(|line| line.contains("color:")) {
        assert!(
            line.contains("var(--") || line.contains("color: inherit"),
            "{line}"
        );
    }
}

/// Goal: the measure itself is right: black on white is 21, a colour on itself 1.
#[test]
fn the_measure_of_contrast_is_right() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    assert!((contrast("#777777", "#777777") - 1.0).abs() < 1e-9);
    assert!((contrast("#777777", "#ffffff") - 4.478).abs() < 1e-3);
}
