//! Rules for text that comes from outside: bounds, control characters, and the normal form in
//! which two spellings of a title are equal.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest title that is kept, in bytes.
pub const MAX_TITLE: usize = 1_000;
/// The longest overview that is kept, in bytes.
pub const MAX_OVERVIEW: usize = 20_000;
/// The longest path, URL or remote id that is kept, in bytes.
pub const MAX_PATH: usize = 4_096;

/// A text as we keep it: trimmed, without NUL and other control characters (line feeds stay), and
/// not longer than `max` bytes; a longer one is cut at a character and ends in `…`. `None` when
/// nothing is left.
///
/// ```
/// use shelfread_domain::text::bounded;
///
/// assert_eq!(bounded(" He\u{0}at ", 100).as_deref(), Some("Heat"));
/// assert_eq!(bounded("\u{0}", 100), None);
/// ```
pub fn bounded(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    if is_bounded(text, max) {
        return Some(text.to_owned());
    }
    let mut clean = String::with_capacity(text.len().min(max));
    for c in text.chars().filter(|c| !is_unwanted(*c)) {
        if clean.len() + c.len_utf8() + '…'.len_utf8() > max && text.len() > max {
            clean.push('…');
            break;
        }
        clean.push(c);
    }
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// Whether a text is as [`bounded`] leaves it. Nearly every text is, so this looks at bytes first:
/// only behind `0xC2` there may be a control character that is not ASCII.
pub fn is_bounded(text: &str, max: usize) -> bool {
    let is_suspect = |b: u8| (b < b' ' && b != b'\n') | (b == 0x7F) | (b == 0xC2);
    !text.is_empty()
        && text.len() <= max
        && text.trim().len() == text.len()
        && (!text.bytes().fold(false, |any, b| any | is_suspect(b)) || !text.contains(is_unwanted))
}

fn is_unwanted(c: char) -> bool {
    c.is_control() && c != '\n'
}

/// The form in which two spellings of a title are equal: without accents, case, punctuation and a
/// leading article, `&` as `and`. Empty only for a title without letters and digits.
///
/// ```
/// use shelfread_domain::text::title_key;
///
/// assert_eq!(title_key("The Fast & the Furious"), title_key("fast and the furious"));
/// assert_eq!(title_key("Amélie"), "amelie");
/// ```
pub fn title_key(title: &str) -> String {
    let mut key = String::with_capacity(title.len());
    for c in title.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            '&' => push_word(&mut key, "and"),
            '\'' | '’' | '`' => {}
            c if c.is_alphanumeric() => key.extend(c.to_lowercase()),
            _ if !key.ends_with(' ') && !key.is_empty() => key.push(' '),
            _ => {}
        }
    }
    let key = key.trim_end();
    ["the ", "a ", "an "].iter().find_map(|a| key.strip_prefix(a)).unwrap_or(key).to_owned()
}

fn push_word(key: &mut String, word: &str) {
    if !key.is_empty() && !key.ends_with(' ') {
        key.push(' ');
    }
    key.push_str(word);
    key.push(' ');
}

/// The text to sort a title by when no source says one: without its leading article, in lower case.
pub fn sort_title(title: &str) -> String {
    let lower = title.trim().to_lowercase();
    let rest = ["the ", "a ", "an "].iter().find_map(|a| lower.strip_prefix(a));
    rest.map_or_else(|| lower.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_hostile_text_is_bounded() {
        let long = bounded(&"é".repeat(1_000_000), MAX_TITLE).unwrap();
        assert!(long.len() <= MAX_TITLE && long.ends_with('…'));
        assert_eq!(bounded("a\u{0}b\u{7}c\nd", 100).unwrap(), "abc\nd");
        assert_eq!(bounded("<b>שלום</b> 🎬", 100).unwrap(), "<b>שלום</b> 🎬");
        assert_eq!(bounded("a\u{85}b © c", 100).unwrap(), "ab © c");
    }

    #[test]
    fn titles_compare_without_decoration() {
        for (a, b) in [
            ("Dr. Strangelove", "dr strangelove"),
            ("Ocean’s Eleven", "Oceans Eleven"),
            ("A Quiet Place", "quiet place"),
            ("Mission: Impossible – Fallout", "mission impossible fallout"),
            ("S.W.A.T.", "s w a t"),
        ] {
            assert_eq!(title_key(a), title_key(b), "{a} / {b}");
        }
        assert_ne!(title_key("2001"), title_key("2010"));
        assert_eq!(title_key("The"), "the");
        assert_eq!(title_key("進撃の巨人"), title_key(" 進撃の巨人 "));
    }
}
