//! The words of a name: where each begins and ends, what stands before it, and in which bracket
//! it is. Knows no meaning of any word.

/// What stands between a word and the one before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gap {
    /// Nothing: the first word.
    Start,
    /// White space, commas.
    Space,
    /// `.`
    Dot,
    /// `_`
    Underscore,
    /// A tight `-` as in `E01-E03`, or any `~`.
    Hyphen,
    /// A dash with space around it, as in `One Piece - 1089`.
    Dash,
    /// A tight `+` or `&`, as in `E01+E02`.
    Plus,
    /// The border of a bracket.
    Bracket,
}

/// One word of a name.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    /// As written.
    pub text: &'a str,
    /// In lower case, without apostrophes: for comparisons.
    pub low: String,
    /// Its place in the name, in bytes.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// What stands before it.
    pub gap: Gap,
    /// The ordinal of the bracket it is in; 0 outside.
    pub bracket: u16,
    /// Whether it is in a square bracket.
    pub square: bool,
}

impl Word<'_> {
    /// The number that the whole word is, if it is one of at most `max` digits.
    pub fn number(&self, max: usize) -> Option<i32> {
        digits(self.text, max)
    }
}

/// `text` as a number, if it is nothing but 1 to `max` ASCII digits.
pub(super) fn digits(text: &str, max: usize) -> Option<i32> {
    let fits = (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// The number of at most `max` digits at the head of `text`, and what follows it.
pub(super) fn leading(text: &str, max: usize) -> Option<(i32, &str)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((digits(&text[..len], max)?, &text[len..]))
}

const OPEN: [char; 6] = ['(', '[', '{', '【', '「', '（'];
const CLOSE: [char; 6] = [')', ']', '}', '】', '」', '）'];

const fn is_gap(c: char) -> bool {
    matches!(c, '.' | '_' | ',' | '-' | '–' | '—' | '~' | '+' | '&')
}

/// Cuts a name into words.
pub(super) fn split(name: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let (mut opened, mut bracket, mut square) = (0u16, 0u16, false);
    let mut rest = name.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        if OPEN.contains(&c) {
            opened = opened.saturating_add(1);
            (bracket, square) = (opened, c == '[' || c == '【');
        } else if CLOSE.contains(&c) {
            (bracket, square) = (0, false);
        } else if !is_gap(c) && !c.is_whitespace() {
            let part_of_word = |c: char| {
                !is_gap(c) && !c.is_whitespace() && !OPEN.contains(&c) && !CLOSE.contains(&c)
            };
            let mut end = start + c.len_utf8();
            while let Some((at, c)) = rest.next_if(|(_, c)| part_of_word(*c)) {
                end = at + c.len_utf8();
            }
            let text = &name[start..end];
            let gap = words.last().map_or(Gap::Start, |before| gap(&name[before.end..start]));
            words.push(Word { text, low: low(text), start, end, gap, bracket, square });
        }
    }
    words
}

fn low(text: &str) -> String {
    if text.is_ascii() {
        let mut low = text.to_ascii_lowercase();
        low.retain(|c| c != '\'');
        return low;
    }
    text.chars().filter(|c| !matches!(c, '\'' | '’')).flat_map(char::to_lowercase).collect()
}

/// What the text between two words amounts to.
fn gap(between: &str) -> Gap {
    let dash = |c: char| matches!(c, '-' | '–' | '—');
    let tight = !between.contains(char::is_whitespace) && !between.contains('_');
    match between {
        b if b.contains('~') => Gap::Hyphen,
        b if b.trim_end().ends_with(dash) && tight && !b.contains('.') => Gap::Hyphen,
        b if b.trim_end().ends_with(dash) => Gap::Dash,
        b if b.contains(OPEN) || b.contains(CLOSE) => Gap::Bracket,
        b if b.contains(dash) => Gap::Dash,
        "+" | "&" => Gap::Plus,
        b if b.contains('.') => Gap::Dot,
        b if b.contains('_') => Gap::Underscore,
        _ => Gap::Space,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_what_stands_before_them() {
        let words = split("[Grp] One.Piece - E01-E02 (1080p)");
        let seen: Vec<_> = words.iter().map(|w| (w.text, w.gap, w.bracket)).collect();
        assert_eq!(
            seen,
            [
                ("Grp", Gap::Start, 1),
                ("One", Gap::Bracket, 0),
                ("Piece", Gap::Dot, 0),
                ("E01", Gap::Dash, 0),
                ("E02", Gap::Hyphen, 0),
                ("1080p", Gap::Bracket, 2),
            ]
        );
    }
}
