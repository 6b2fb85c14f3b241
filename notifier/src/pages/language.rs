//! The language of a page whose reader is not known: the best of what the browser wishes.

use usher_notifier_core::texts::Lang;

/// The wished language (`Accept-Language`) that there are texts for; the first of equal ones.
pub(super) fn choose(accepted: &str) -> Option<Lang> {
    let mut best: Option<(u16, Lang)> = None;
    for wish in accepted.split(',').take(20) {
        let mut parts = wish.split(';').map(str::trim);
        let Some(lang) = parts.next().and_then(Lang::parse) else {
            continue;
        };
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight = weight.map_or(1_000, thousandths);
        if weight > best.map_or(0, |(most, _)| most) {
            best = Some((weight, lang));
        }
    }
    best.map(|(_, lang)| lang)
}

/// `0.8` is 800; what cannot be read is 0.
fn thousandths(text: &str) -> u16 {
    let weight: f32 = text.parse().unwrap_or(0.0);
    if (0.0..=1.0).contains(&weight) {
        (weight * 1_000.0) as u16
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights count, then order; unknown languages do not.
    #[test]
    fn the_best_known_language_is_chosen() {
        assert_eq!(choose("fr, de;q=0.5, en;q=0.8"), Some(Lang::En));
        assert_eq!(choose("de-AT, en"), Some(Lang::De));
        assert_eq!(choose("zh-CN;q=0.1"), Some(Lang::Zh));
        assert_eq!(choose("de;q=0, fr"), None);
        assert_eq!(choose("de;q=9, en;q=x"), None);
        assert_eq!(choose(""), None);
    }
}
