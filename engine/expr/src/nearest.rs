//! Finds the word that somebody probably meant.
//!
//! Every refusal that names an unknown word uses it, so that "did you mean" behaves alike
//! everywhere.

/// Words longer than this are not compared: nobody mistypes them, and the work is quadratic.
const LENGTH_MAX: usize = 64;

/// The candidate nearest to `word`, if one is near enough: at most a third of the longer one's
/// characters differ (one may always), counting an insertion, a deletion, a replacement or a swap
/// of neighbours as one and ignoring case. Of equally near ones the first wins.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(word)?;
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let Some(folded) = fold(candidate) else {
            continue;
        };
        let bound = (wanted.len().max(folded.len()) / 3).max(1);
        if folded.len().abs_diff(wanted.len()) > bound {
            continue;
        }
        let distance = distance(&wanted, &folded);
        // A single letter that is replaced is another word, not a slip.
        let is_near = distance <= bound && distance < wanted.len().max(folded.len());
        if is_near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The characters in lower case, or nothing if there are none or too many.
fn fold(word: &str) -> Option<Vec<char>> {
    let folded: Vec<char> = word
        .chars()
        .flat_map(char::to_lowercase)
        .take(LENGTH_MAX + 1)
        .collect();
    (!folded.is_empty() && folded.len() <= LENGTH_MAX).then_some(folded)
}

/// Edit distance with swaps of neighbours (optimal string alignment), three rows at a time.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; right.len() + 1];
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i; right.len() + 1];
        for j in 1..=right.len() {
            let replaced = above[j - 1] + usize::from(left[i - 1] != right[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            let is_swap =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if is_swap {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = above;
        above = row;
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let words = [
            "Succeeded",
            "Failed",
            "Errored",
            "template",
            "templates",
            "name",
            "A",
        ];
        let rows: &[(&str, Option<&str>)] = &[
            ("Suceeded", Some("Succeeded")),
            ("succeeded", Some("Succeeded")),
            ("Fialed", Some("Failed")),
            ("Error", Some("Errored")),
            ("tempalte", Some("template")),
            ("templatess", Some("templates")),
            ("nmae", Some("name")),
            ("nam", Some("name")),
            ("b", None),
            ("a", Some("A")),
            ("Sidecar", None),
            ("", None),
            ("x".repeat(100_000).leak(), None),
        ];
        for (word, expected) in rows {
            assert_eq!(nearest(word, words), *expected, "{:.40}", word);
        }
    }

    #[test]
    fn the_first_of_equally_near_ones_wins() {
        assert_eq!(nearest("cart", ["card", "care"]), Some("card"));
        assert_eq!(nearest("cart", ["care", "card"]), Some("care"));
        assert_eq!(nearest("cart", []), None);
    }
}
