//! The reading of one name: finds where the title ends and hands each word to who knows it.

use super::numbers::{self, Context, Marker};
use super::quality::{self, Extra, Mark};
use super::words::{self, Gap, Word};
use super::{Certainty, Expect, ReleaseName};

/// One reading of one name.
pub(super) struct Parser<'a> {
    name: &'a str,
    words: Vec<Word<'a>>,
    expect: Expect,
    out: ReleaseName,
}

/// A year and the word that it is.
type Year = (usize, i32, Certainty);

impl<'a> Parser<'a> {
    /// A reading of `name`, which has no tags and no extension any more.
    pub fn new(name: &'a str, expect: Expect) -> Self {
        Self { name, words: words::split(name), expect, out: ReleaseName::default() }
    }

    /// Reads it.
    pub fn run(mut self) -> ReleaseName {
        if self.words.is_empty() {
            return self.out;
        }
        let start = self.leading_group();
        let context = Context { expect: self.expect, grouped: self.out.group.is_some() };
        let marker = numbers::find(&self.words, start, context);
        let copy = self.copy_start(start, marker.as_ref());
        let year = self.year(start, marker.as_ref(), copy);
        self.out.year = year.map(|(_, year, _)| year);
        self.out.confidence.year = year.map_or(Certainty::Absent, |(.., certainty)| certainty);
        let number_at = marker.as_ref().map_or(self.words.len(), |m| m.from);
        let year_at = year.map_or(self.words.len(), |(at, ..)| at);
        let end = number_at.min(year_at).min(copy);
        let mut end = self.title(start, end, year, marker.as_ref());
        if let Some(marker) = marker {
            end = self.episode_title(&marker);
            self.numbers(marker);
        }
        self.copy(end);
        self.trailing_group(end);
        self.out
    }

    /// Reads `[Group]` at the head; the first word behind it.
    fn leading_group(&mut self) -> usize {
        let first = &self.words[0];
        let behind = self.words.iter().position(|w| w.bracket != first.bracket);
        let (true, Some(mut behind)) = (first.square, behind) else { return 0 };
        let text = &self.name[first.start..self.words[behind - 1].end];
        let is_site = text.contains("www.") || text.contains(".com");
        if quality::mark(&self.words, 0).is_none() && !is_site {
            self.out.group = Some(text.to_owned());
        }
        while self.words[behind].square
            && self.words.iter().any(|w| w.bracket == 0)
            && let Some(next) = (behind..self.words.len())
                .find(|at| self.words[*at].bracket != self.words[behind].bracket)
            && self.words[behind].gap == Gap::Bracket
            && self.bracketed_year(behind).is_none()
        {
            behind = next;
        }
        let rest = &self.words[behind..];
        let mut title = rest.iter().take_while(|w| !self.ends_title(w));
        if self.expect != Expect::Episode && title.all(|w| w.number(2).is_some()) {
            self.out.group = None; // `[REC] 2 (2009)` is a title
            return 0;
        }
        behind
    }

    fn ends_title(&self, word: &Word<'_>) -> bool {
        word.bracket > 0 && !word.square || numbers::year_of(word).is_some()
    }

    /// The first word that speaks of the copy, with the weak ones before it.
    fn copy_start(&self, start: usize, marker: Option<&Marker>) -> usize {
        let from = marker.map_or(start, |m| m.to);
        let strong = |at: &usize| {
            quality::mark(&self.words, *at).is_some_and(|m| m.strong || self.alone(*at, m.words))
                || self.stacked(*at).is_some()
                || *at > start && self.ends_in_extra(*at)
        };
        let Some(mut at) = (from..self.words.len()).find(strong) else { return self.words.len() };
        while at > from.max(start + 1) && self.is_weak(at - 1) {
            at -= 1;
        }
        at
    }

    fn is_weak(&self, at: usize) -> bool {
        quality::mark(&self.words, at).is_some_and(|m| !m.strong)
            || quality::edition(&self.words, at).is_some_and(|(_, n)| n == 1)
    }

    /// Whether the words `at..at + count` are all of a bracket.
    fn alone(&self, at: usize, count: usize) -> bool {
        let bracket = self.words[at].bracket;
        bracket > 0 && self.words.iter().filter(|w| w.bracket == bracket).count() == count
    }

    /// `(1995)`, `(2005-2012)`, `(2005-)`.
    fn bracketed_year(&self, at: usize) -> Option<i32> {
        let year = numbers::year_of(&self.words[at])?;
        let span = |next: &Word<'_>| next.gap == Gap::Hyphen && numbers::year_of(next).is_some();
        let spans = self.words.get(at + 1).is_some_and(span) && self.alone(at, 2);
        (self.alone(at, 1) || spans).then_some(year)
    }

    fn year(&self, start: usize, marker: Option<&Marker>, copy: usize) -> Option<Year> {
        let end = marker.map_or(self.words.len(), |m| m.from);
        let in_brackets = (start..end).find_map(|at| Some((at, self.bracketed_year(at)?)));
        if let Some((at, year)) = in_brackets {
            return Some((at, year, Certainty::Sure));
        }
        let end = end.min(copy);
        let bare = |at: &usize| numbers::year_of(&self.words[*at]).is_some();
        let at = (start + 1..end).rev().find(bare)?;
        let certainty = self.bare_year(at, copy)?;
        Some((at, numbers::year_of(&self.words[at])?, certainty))
    }

    /// Whether a year without brackets is one: something else than a title must follow.
    fn bare_year(&self, at: usize, copy: usize) -> Option<Certainty> {
        let next = at + 1;
        let closed = self.words.get(next).is_none_or(|w| matches!(w.gap, Gap::Dash | Gap::Bracket))
            || self.is_weak(next)
            || next == copy
            || quality::edition(&self.words, next).is_some()
            || self.starts_numbers(next);
        if closed {
            return Some(Certainty::Likely);
        }
        let dotted = self.words[at].gap != Gap::Space;
        (dotted || copy < self.words.len()).then_some(Certainty::Guess)
    }

    fn starts_numbers(&self, at: usize) -> bool {
        let context = Context { expect: self.expect, grouped: false };
        numbers::find(&self.words, at, context).is_some_and(|m| m.from == at)
    }

    /// Sets the title; the word behind it.
    fn title(
        &mut self,
        start: usize,
        end: usize,
        year: Option<Year>,
        marker: Option<&Marker>,
    ) -> usize {
        let mut end = end;
        while end > start + 1
            && self.words[end - 1].square
            && self.words[end - 1].bracket != self.words[start].bracket
        {
            end -= 1;
        }
        // A year may stand in a bracket with something else: `Metropolis (Fritz Lang, 1927)`.
        while end > start + 1
            && let (Some(next), last) = (self.words.get(end), &self.words[end - 1])
            && last.bracket > 0
            && last.bracket == next.bracket
        {
            end -= 1;
        }
        let phrase = |at: &usize| {
            quality::edition(&self.words, *at).is_some_and(|(_, n)| n > 1 && at + n == end)
        };
        end = (start + 1..end).rev().take(2).find(phrase).unwrap_or(end);
        self.out.title = self.text(start, end);
        let closed = year.map(|(.., c)| c).max(marker.map(|m| m.certainty));
        self.out.confidence.title = match (&self.out.title, closed) {
            (None, _) => Certainty::Absent,
            (_, Some(certainty)) => certainty,
            _ if end < self.words.len() => Certainty::Likely,
            _ => Certainty::Guess,
        };
        if self.out.title.is_none() && year.is_some_and(|(at, ..)| at == start) {
            let rest = marker.map_or(self.words.len(), |m| m.from);
            self.out.title = self.text(start + 1, rest); // `(2019) Joker`
            self.out.confidence.title = Certainty::Guess;
        }
        end
    }

    /// The words `from..to` as they are written, cleaned.
    fn text(&self, from: usize, to: usize) -> Option<String> {
        let first = self.words.get(from).filter(|_| from < to)?;
        let open = self.name[..first.start].chars().next_back().filter(|c| *c == '(');
        let start = first.start - open.map_or(0, char::len_utf8);
        let end = self.words.get(to).map_or(self.name.len(), |w| w.start);
        clean(&self.name[start..end])
    }

    /// Sets the title of the episode; the word behind it.
    fn episode_title(&mut self, marker: &Marker) -> usize {
        let known = |at: &usize| {
            self.words[*at].bracket > 0
                || quality::mark(&self.words, *at).is_some_and(|m| m.strong)
                || quality::extra(&self.words[*at].low).is_some()
                || self.stacked(*at).is_some()
        };
        let mut end = (marker.to..self.words.len()).find(known).unwrap_or(self.words.len());
        while end > marker.to && self.is_weak(end - 1) {
            end -= 1;
        }
        if !marker.pack {
            self.out.episode_title = self.text(marker.to, end);
        }
        end
    }

    fn numbers(&mut self, marker: Marker) {
        let out = &mut self.out;
        out.confidence.numbers = marker.certainty;
        out.special = marker.special || marker.season == Some(0);
        (out.season, out.last_season) = (marker.season, marker.last_season);
        out.is_season_pack = marker.pack;
        (out.episodes, out.absolute) = (marker.episodes, marker.absolute);
        (out.air_date, out.version) = (marker.date, marker.version);
    }

    /// Reads what the words from `at` on say of the copy.
    fn copy(&mut self, from: usize) {
        let mut at = from;
        while at < self.words.len() {
            at += self.copy_word(at).max(1);
        }
    }

    /// Reads one statement; the number of its words.
    fn copy_word(&mut self, at: usize) -> usize {
        if let Some(found) = quality::mark(&self.words, at) {
            match found.mark {
                Mark::Resolution(r) => drop(self.out.resolution.get_or_insert(r)),
                Mark::Source(s) if found.strong || self.out.source.is_none() => {
                    self.out.source = Some(s);
                }
                Mark::Codec(c) => drop(self.out.codec.get_or_insert(c)),
                Mark::Source(_) | Mark::Other => {}
            }
            return found.words;
        }
        if let Some((edition, words)) = quality::edition(&self.words, at) {
            self.out.edition.get_or_insert_with(|| edition.to_owned());
            return words;
        }
        if let Some((part, words)) = self.stacked(at).or_else(|| self.spelled_part(at)) {
            self.out.part = Some(part);
            return words;
        }
        if self.ends_in_extra(at) {
            self.out.extra = quality::extra(&self.words[at].low);
        }
        1
    }

    /// A word that makes an extra of its file: the last one, behind a tight dash or a dot, or any
    /// one about trailers and samples behind a word about the copy.
    fn ends_in_extra(&self, at: usize) -> bool {
        let word = &self.words[at];
        let Some(extra) = quality::extra(&word.low) else { return false };
        let named = matches!(extra, Extra::Trailer | Extra::Sample);
        let tight =
            word.gap == Gap::Hyphen || named && matches!(word.gap, Gap::Dot | Gap::Underscore);
        let last = at + 1 == self.words.len();
        last && tight || extra == Extra::Credits || named && self.out.resolution.is_some()
    }

    /// `cd2`, `disc1`, `part1`: one file of several.
    fn stacked(&self, at: usize) -> Option<(u16, usize)> {
        let word = self.words.get(at).filter(|_| at > 0)?;
        let number = |rest| words::digits(rest, 1).and_then(|n| u16::try_from(n).ok());
        for key in ["cd", "disc", "disk", "part", "pt"] {
            if let Some(rest) = word.low.strip_prefix(key) {
                return Some((number(rest)?, 1));
            }
        }
        Some((word.low.strip_prefix("dvd").and_then(number).filter(|n| *n < 5)?, 1))
    }

    /// `Part 2`, `CD 1` behind the year.
    fn spelled_part(&self, at: usize) -> Option<(u16, usize)> {
        let key = self.words.get(at)?.low.as_str();
        let number = self.words.get(at + 1)?.number(1).and_then(|n| u16::try_from(n).ok());
        ["cd", "disc", "disk", "part", "pt"].contains(&key).then_some((number?, 2))
    }

    /// Reads `-GROUP` at the end, or else `[GROUP]`.
    fn trailing_group(&mut self, end: usize) {
        let Some(at) = self.words.len().checked_sub(1).filter(|at| *at > end) else { return };
        let word = &self.words[at];
        let before = (end..at).any(|at| quality::mark(&self.words, at).is_some());
        let known = quality::mark(&self.words, at).is_some()
            || quality::mark(&self.words, at - 1).is_some_and(|m| m.words == 2)
            || quality::extra(&word.low).is_some()
            || self.stacked(at).is_some();
        let hash = word.text.len() == 8 && word.text.bytes().all(|b| b.is_ascii_hexdigit());
        let behind_dash = word.gap == Gap::Hyphen && word.bracket == 0;
        let in_brackets = word.square && self.alone(at, 1) && self.out.group.is_none();
        if before && !known && !hash && (behind_dash || in_brackets) {
            self.out.group = Some(word.text.to_owned());
        }
    }
}

/// A title as people write it: without the dots or underscores that stood for spaces.
fn clean(text: &str) -> Option<String> {
    let edge = |c: char| c.is_whitespace() || "-–—_([{,~+【「（".contains(c);
    let text = text.trim_start_matches(|c| edge(c) && c != '(').trim_end_matches(edge);
    let spaced = text.contains(char::is_whitespace);
    let text = if spaced { text.replace('_', " ") } else { undotted(text) };
    let text = if text.contains('[') { text } else { text.replace([']', '】'], " ") };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.trim_end_matches(edge);
    text.contains(char::is_alphanumeric).then(|| text.to_owned())
}

/// `The.Wire` → `The Wire`, `S.W.A.T` → `S.W.A.T.`
fn undotted(text: &str) -> String {
    let parts: Vec<&str> = text.split(['.', '_']).filter(|part| !part.is_empty()).collect();
    let initial = |part: &&str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_uppercase());
    let mut out = String::with_capacity(text.len() + 1);
    for (at, part) in parts.iter().enumerate() {
        let beside = |other: Option<&&str>| initial(part) && other.is_some_and(initial);
        let continues = beside(at.checked_sub(1).and_then(|before| parts.get(before)));
        if at > 0 && !continues {
            out.push(' ');
        }
        out.push_str(part);
        if continues || beside(parts.get(at + 1)) {
            out.push('.');
        }
    }
    out
}
