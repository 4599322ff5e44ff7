//! The numbers of a name: season and episode, ranges, dates, absolute numbers and years.

use chrono::NaiveDate;

use super::words::{Gap, Word, digits, leading};
use super::{Certainty, Expect};

/// The longest range of episodes that is believed.
const MAX_RANGE: i32 = 100;
/// The longest range of absolute numbers that is believed (a batch of a whole series).
const MAX_BATCH: i32 = 2_000;
/// Numbers below are years and not parts of titles. There is no clock here: `2049` in a title is
/// the reason for an upper bound.
const YEARS: std::ops::RangeInclusive<i32> = 1888..=2039;

/// The words `from..to` say which episodes these are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Marker {
    pub from: usize,
    pub to: usize,
    pub season: Option<i32>,
    /// The last season of a pack of several.
    pub last_season: Option<i32>,
    pub episodes: Vec<i32>,
    pub absolute: Vec<i32>,
    pub date: Option<NaiveDate>,
    /// Whole seasons.
    pub pack: bool,
    /// An OVA, a half number: no regular episode, whatever its number.
    pub special: bool,
    pub version: Option<u16>,
    pub certainty: Certainty,
}

impl Marker {
    fn new(from: usize, to: usize, certainty: Certainty) -> Self {
        Self { from, to, certainty, ..Self::default() }
    }

    /// Whether a year behind it shows that it was part of a title after all.
    fn yields(&self) -> bool {
        self.certainty == Certainty::Guess
    }
}

/// What is known of a name before its numbers are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Context {
    pub expect: Expect,
    /// It begins with `[Group]`, the way of anime releases: lone numbers are episodes.
    pub grouped: bool,
}

type Rule = fn(&[Word<'_>], usize, Context) -> Option<Marker>;

/// The rules, strongest first: a rule is tried on every word before the next one is.
const RULES: [Rule; 11] = [
    numbered,
    crossed,
    season_then_episode,
    dated,
    counted,
    season_alone,
    complete,
    episode_word,
    special_word,
    dashed_number,
    lone_number,
];

/// Finds what the words from `start` on say of episodes.
pub(super) fn find(words: &[Word<'_>], start: usize, context: Context) -> Option<Marker> {
    if context.expect == Expect::Film {
        return None;
    }
    let year_after = |at: usize| words[at..].iter().any(|w| year_of(w).is_some());
    let find = |rule: &Rule| (start..words.len()).find_map(|at| rule(words, at, context));
    let fits = |m: &Marker| context.expect == Expect::Episode || !m.yields() || !year_after(m.to);
    let mut marker = RULES.iter().filter_map(find).find(fits)?;
    if marker.date.is_none() {
        take_in_date(words, start, &mut marker, context);
    }
    Some(marker)
}

/// A date beside the numbers belongs to them: `Show.2024.03.12.S40E132`.
fn take_in_date(words: &[Word<'_>], start: usize, marker: &mut Marker, context: Context) {
    let before = (start..marker.from).find_map(|at| dated(words, at, context));
    let behind = || (marker.to < words.len()).then(|| dated(words, marker.to, context)).flatten();
    if let Some(date) = before.filter(|d| d.to <= marker.from).or_else(behind) {
        marker.from = marker.from.min(date.from);
        marker.to = marker.to.max(date.to);
        marker.date = date.date;
    }
}

/// `S01E02`, `s01e01e02`, `S01 E02`, `S01xE02`, `S01x02`, and the ranges that follow.
fn numbered(words: &[Word<'_>], at: usize, _: Context) -> Option<Marker> {
    let (season, rest) = leading(words[at].low.strip_prefix('s')?, 4)?;
    let mut marker = Marker::new(at, at + 1, Certainty::Sure);
    marker.season = Some(season);
    if rest.is_empty() {
        let next = words.get(at + 1).filter(|w| w.gap != Gap::Bracket)?;
        (marker.episodes, marker.version) = of_season(&next.low)?;
        marker.to += 1;
    } else {
        (marker.episodes, marker.version) = of_season(rest)?;
    }
    extend(words, &mut marker);
    Some(marker)
}

/// What may follow `S01`: `e02`, `xe02`, `x02`.
fn of_season(low: &str) -> Option<(Vec<i32>, Option<u16>)> {
    match low.strip_prefix('x') {
        Some(rest) => episode_list(rest).or_else(|| Some((vec![digits(rest, 3)?], None))),
        None => episode_list(low),
    }
}

/// `1x05`, `1x05x06`, `2016x03`, and the ranges that follow. `4x4` and `10x10 (2018)` are titles,
/// `1920x800` is a picture.
fn crossed(words: &[Word<'_>], at: usize, context: Context) -> Option<Marker> {
    let (season, mut rest) = leading(&words[at].low, 4)?;
    let most = match season {
        0..100 => 3,
        _ if YEARS.contains(&season) => 2,
        _ => return None,
    };
    let mut episodes = Vec::new();
    while let Some(tail) = rest.strip_prefix('x') {
        let (number, tail) = leading(tail, most).filter(|(_, t)| tail.len() - t.len() > 1)?;
        episodes.push(number);
        rest = tail;
    }
    if episodes.is_empty() || !rest.is_empty() {
        return None;
    }
    let lone = at == 0 && context.expect == Expect::Any;
    let mut marker =
        Marker::new(at, at + 1, if lone { Certainty::Guess } else { Certainty::Likely });
    (marker.season, marker.episodes) = (Some(season), episodes);
    extend(words, &mut marker);
    Some(marker)
}

/// `Season 1 Episode 5`, `Season 01 - E05`, `2nd Season - 05`.
fn season_then_episode(words: &[Word<'_>], at: usize, context: Context) -> Option<Marker> {
    let pack = season_alone(words, at, context).filter(|m| m.last_season.is_none())?;
    let mut marker =
        match episode_word(words, pack.to, Context { expect: Expect::Episode, ..context })
            .or_else(|| counted(words, pack.to, context))
        {
            Some(episode) => Marker { certainty: Certainty::Sure, ..episode },
            None => {
                let number = dashed(words, pack.to)?;
                let episodes = number.absolute.clone();
                Marker { episodes, absolute: Vec::new(), certainty: Certainty::Likely, ..number }
            }
        };
    (marker.from, marker.season) = (pack.from, pack.season);
    Some(marker)
}

/// `1of6`, `1 of 6`: the way of short series. Of two parts it may as well be a film.
fn counted(words: &[Word<'_>], at: usize, _: Context) -> Option<Marker> {
    let (number, rest) = leading(&words.get(at).filter(|_| at > 0)?.low, 2)?;
    let next = |skip: usize| words.get(at + skip);
    let (total, to) = match rest.strip_prefix("of") {
        Some(total) => (digits(total, 2)?, at + 1),
        None if rest.is_empty() && next(1)?.low == "of" => (next(2)?.number(2)?, at + 3),
        None => return None,
    };
    let certainty = if total > 2 { Certainty::Likely } else { Certainty::Guess };
    let marker = Marker { episodes: vec![number], ..Marker::new(at, to, certainty) };
    marker_if((1..=total).contains(&number), marker)
}

/// `2024.03.12`, `2024-03-12`, `20240312`; `31.12.2024` and `12-31-2024` where no other reading is
/// possible, and `03.12.2024` because those who write dots put the day first.
fn dated(words: &[Word<'_>], at: usize, context: Context) -> Option<Marker> {
    let found = |date, to, certainty| {
        let mut marker = Marker::new(at, to, certainty);
        marker.date = Some(date);
        Some(marker)
    };
    if at == 0 && context.expect != Expect::Episode {
        return None;
    }
    if let Some(date) = compact_date(words[at].text) {
        return found(date, at + 1, Certainty::Likely);
    }
    let [a, b, c] = words.get(at..at + 3)? else { return None };
    if b.gap != c.gap || !matches!(b.gap, Gap::Dot | Gap::Hyphen | Gap::Space | Gap::Underscore) {
        return None;
    }
    let number = |w: &Word<'_>, max| w.number(max).and_then(|n| u32::try_from(n).ok());
    let day = |year: &Word<'_>, month, day| {
        let year = year_of(year).filter(|y| *y >= 1930)?;
        NaiveDate::from_ymd_opt(year, month, day)
    };
    if let (Some(m), Some(d)) = (number(b, 2), number(c, 2)) {
        return found(day(a, m, d)?, at + 3, Certainty::Sure);
    }
    let (x, y) = (number(a, 2)?, number(b, 2)?);
    match (day(c, y, x), day(c, x, y)) {
        (Some(date), None) | (None, Some(date)) => found(date, at + 3, Certainty::Likely),
        (Some(date), Some(_)) if b.gap == Gap::Dot => found(date, at + 3, Certainty::Guess),
        _ => None,
    }
}

fn compact_date(text: &str) -> Option<NaiveDate> {
    let number = digits(text, 8).filter(|n| (19_300_101..=20_391_231).contains(n))?;
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

const SEASON_WORDS: [&str; 13] = [
    "season",
    "seasons",
    "series",
    "staffel",
    "saison",
    "temporada",
    "stagione",
    "sezon",
    "сезон",
    "säsong",
    "sesong",
    "sæson",
    "seizoen",
];

/// `S02`, `Season 2`, `2nd Season`, `S01-S03`, `Seasons 1-3`, `Seasons 1 to 3`, `S02D1` (a disc of
/// it), `第2季`.
fn season_alone(words: &[Word<'_>], at: usize, context: Context) -> Option<Marker> {
    let word = &words[at];
    let mut marker = Marker { pack: true, ..Marker::new(at, at + 1, Certainty::Likely) };
    if let Some(season) = enclosed(&word.low, '第', &['季', '期']) {
        marker.season = Some(season);
    } else if SEASON_WORDS.contains(&word.low.as_str()) {
        let next =
            words.get(at + 1).filter(|w| matches!(w.gap, Gap::Space | Gap::Dot | Gap::Underscore));
        let most = if word.low == "series" { 2 } else { 4 };
        marker.season = Some(next?.number(most)?);
        marker.to = at + 2;
    } else if let Some(season) = ordinal(&word.low)
        && words.get(at + 1).is_some_and(|w| w.low == "season")
    {
        marker.season = Some(season);
        marker.to = at + 2;
    } else {
        let allowed = at > 0 || context.expect == Expect::Episode;
        let (season, rest) = leading(word.low.strip_prefix('s').filter(|_| allowed)?, 4)?;
        let last = rest.strip_prefix('s').and_then(|last| digits(last, 2));
        let disc = rest.strip_prefix('d').and_then(|disc| digits(disc, 2));
        if !rest.is_empty() && last.is_none() && disc.is_none() {
            return None;
        }
        marker.season = Some(season);
        marker.last_season = last.filter(|last| (season..season + MAX_RANGE).contains(last));
    }
    let plural = word.low == "seasons";
    let joined = |w: &&Word<'_>| plural && matches!(w.low.as_str(), "to" | "and" | "through");
    let skip = usize::from(words.get(marker.to).filter(joined).is_some());
    let last = words
        .get(marker.to + skip)
        .filter(|w| plural && w.bracket == 0 || matches!(w.gap, Gap::Hyphen | Gap::Plus));
    let last = last.and_then(|w| digits(w.low.strip_prefix('s').unwrap_or(&w.low), 2));
    if let Some(last) = last.filter(|l| marker.season.is_some_and(|s| *l > s)) {
        marker.last_season = Some(last);
        marker.to += skip + 1;
    }
    Some(marker)
}

fn ordinal(low: &str) -> Option<i32> {
    let (number, suffix) = leading(low, 2)?;
    ["st", "nd", "rd", "th"].contains(&suffix).then_some(number)
}

fn enclosed(low: &str, open: char, close: &[char]) -> Option<i32> {
    digits(low.strip_prefix(open)?.strip_suffix(close)?, 4)
}

const EPISODE_WORDS: [&str; 9] =
    ["episode", "ep", "episodio", "épisode", "folge", "capitulo", "серия", "odcinek", "avsnitt"];

/// `Episode 5`, `Ep. 5`, `E05`, `EP05`, `#5`, `第05話`.
fn episode_word(words: &[Word<'_>], at: usize, context: Context) -> Option<Marker> {
    let word = words.get(at)?;
    let mut marker = Marker::new(at, at + 1, Certainty::Guess);
    if let Some(number) = enclosed(&word.low, '第', &['話', '话', '集', '回']) {
        marker.episodes = vec![number];
        marker.certainty = Certainty::Likely;
    } else if let Some(number) = word.low.strip_prefix('#').and_then(|n| digits(n, 4)) {
        marker.episodes = vec![number];
    } else if EPISODE_WORDS.contains(&word.low.as_str()) {
        let next = words.get(at + 1).filter(|w| !matches!(w.gap, Gap::Bracket | Gap::Dash))?;
        let (number, rest) = leading(&next.low, 4)?;
        (marker.episodes, marker.version) = (vec![number], version(rest)?);
        marker.to = at + 2;
    } else if at > 0 || context.expect == Expect::Episode {
        (marker.episodes, marker.version) = episode_list(&word.low)?;
        marker.certainty = Certainty::Likely;
    } else {
        return None;
    }
    extend(words, &mut marker);
    Some(marker)
}

/// `OVA`, `OVA 2`, `SP1`, `Special 1`: no regular episodes. Only the numbers of specials are
/// believed, because every database counts OVAs differently.
fn special_word(words: &[Word<'_>], at: usize, _: Context) -> Option<Marker> {
    let word = words.get(at).filter(|_| at > 0)?;
    let mut marker = Marker::new(at, at + 1, Certainty::Guess);
    (marker.special, marker.season) = (true, Some(0));
    let next = words.get(at + 1).and_then(|w| w.number(2));
    match word.low.as_str() {
        "ova" | "oad" | "ona" => marker.to += usize::from(next.is_some()),
        "sp" | "special" => {
            marker.episodes = vec![next?];
            marker.to += 1;
        }
        low => marker.episodes = vec![digits(low.strip_prefix("sp")?, 2)?],
    }
    Some(marker)
}

/// Whole shows: `The Complete Series`, `Complete Collection`.
fn complete(words: &[Word<'_>], at: usize, _: Context) -> Option<Marker> {
    const WHAT: [&str; 5] = ["series", "collection", "seasons", "boxset", "box"];
    let what = words.get(at + 1).filter(|_| at > 0 && words[at].low == "complete")?;
    let from = if words[at - 1].low == "the" { at - 1 } else { at };
    let marker = Marker { pack: true, ..Marker::new(from, at + 2, Certainty::Likely) };
    marker_if(from > 0 && WHAT.contains(&what.low.as_str()), marker)
}

/// Absolute numbers behind a dash: `One Piece - 1089`, `Naruto - 220-221`.
fn dashed_number(words: &[Word<'_>], at: usize, context: Context) -> Option<Marker> {
    let marker = dashed(words, at)?;
    if context.grouped {
        Some(trusted(marker, context))
    } else {
        not_a_year(words, marker, context)
    }
}

/// Absolute numbers in other places: `[Group] Title 05 [720p]`, `[Group] Title (01-12)`,
/// `[Group][Title][05]`; where episodes are expected also `05`, `05 - Title` and `Title 05`.
fn lone_number(words: &[Word<'_>], at: usize, context: Context) -> Option<Marker> {
    let marker = absolute(words, at)?;
    let bracket = words[at].bracket;
    let wide = words[at].text.len() > 1;
    let fits = if bracket > 0 {
        let alone = words.iter().filter(|w| w.bracket == bracket).count() == marker.to - at;
        let all_in_brackets = words.iter().all(|w| w.bracket > 0) && bracket > 2;
        context.grouped && alone && (all_in_brackets || marker.absolute.len() > 1)
    } else if context.expect == Expect::Episode {
        let dotted = matches!(after(words, marker.to), Gap::Dot | Gap::Underscore);
        ends(words, marker.to) || at == 0 && (wide || dotted)
    } else {
        context.grouped && wide && ends(words, marker.to)
    };
    not_a_year(words, marker, context).filter(|_| fits)
}

/// A number that can be a year is one.
fn not_a_year(words: &[Word<'_>], marker: Marker, context: Context) -> Option<Marker> {
    marker_if(year_of(&words[marker.from]).is_none(), trusted(marker, context))
}

fn trusted(marker: Marker, context: Context) -> Marker {
    Marker {
        certainty: if context.grouped { Certainty::Likely } else { Certainty::Guess },
        ..marker
    }
}

fn marker_if(condition: bool, marker: Marker) -> Option<Marker> {
    condition.then_some(marker)
}

/// ` - 1089` with an end, a bracket, a dash or a word about the copy behind it.
fn dashed(words: &[Word<'_>], at: usize) -> Option<Marker> {
    words.get(at).filter(|w| w.gap == Gap::Dash && w.bracket == 0)?;
    let marker = absolute(words, at)?;
    marker_if(ends(words, marker.to), marker)
}

/// A number with its version and range, wherever it stands.
fn absolute(words: &[Word<'_>], at: usize) -> Option<Marker> {
    let (number, rest) = leading(&words[at].low, 4)?;
    let mut marker = Marker::new(at, at + 1, Certainty::Guess);
    marker.version = version(rest)?;
    let next = words.get(at + 1).filter(|w| w.bracket == words[at].bracket);
    match next {
        Some(next) if next.gap == Gap::Dot && next.number(1) == Some(5) => {
            (marker.special, marker.season, marker.to) = (true, Some(0), at + 2);
        }
        Some(next) if next.gap == Gap::Hyphen => {
            let (last, rest) = leading(&next.low, 4)?;
            marker.version = version(rest)?.or(marker.version);
            (marker.absolute, marker.to) = (range(number, last, MAX_BATCH)?, at + 2);
        }
        _ if number > 0 => marker.absolute = vec![number],
        _ => (marker.special, marker.season) = (true, Some(0)),
    }
    Some(marker)
}

/// Whether the words from `at` on are no longer about title or numbers.
fn ends(words: &[Word<'_>], at: usize) -> bool {
    matches!(after(words, at), Gap::Start | Gap::Bracket | Gap::Dash)
        || super::quality::mark(words, at).is_some()
}

/// What stands before the word at `at`; `Start` at the end.
fn after(words: &[Word<'_>], at: usize) -> Gap {
    words.get(at).map_or(Gap::Start, |w| w.gap)
}

/// `v2` behind a number: `Some(None)` when nothing is there, `None` when something else is.
fn version(rest: &str) -> Option<Option<u16>> {
    match rest {
        "" => Some(None),
        _ => digits(rest.strip_prefix('v')?, 2).map(|v| u16::try_from(v).ok()),
    }
}

fn range(first: i32, last: i32, most: i32) -> Option<Vec<i32>> {
    (last > first && last - first < most).then(|| (first..=last).collect())
}

/// `e05`, `ep05`, `e01e02`, `e05v2`, `e05a`.
fn episode_list(low: &str) -> Option<(Vec<i32>, Option<u16>)> {
    let mut rest = low;
    let mut episodes = Vec::new();
    while let Some(tail) = rest.strip_prefix("ep").or_else(|| rest.strip_prefix('e')) {
        let (number, tail) = leading(tail, 4)?;
        episodes.push(number);
        rest = tail;
    }
    let segment = matches!(rest.as_bytes(), [b'a'..=b'd']);
    let version = if segment { None } else { version(rest)? };
    (!episodes.is_empty()).then_some((episodes, version))
}

/// Takes in what continues a list of episodes: `-E03`, `-03`, `-S01E03`, `-1x03`, `.E02`, `+E02`,
/// `+02`.
fn extend(words: &[Word<'_>], marker: &mut Marker) {
    while let Some(word) = words.get(marker.to) {
        let Some((numbers, explicit)) = continuation(word, marker.season) else { break };
        let (Some(last), [first, ..]) = (marker.episodes.last().copied(), numbers.as_slice())
        else {
            break;
        };
        match word.gap {
            Gap::Hyphen | Gap::Dash if explicit || word.gap == Gap::Hyphen => {
                let Some(through) = range(last, *first, MAX_RANGE) else { break };
                marker.episodes.extend(&through[1..]);
                marker.episodes.extend(&numbers[1..]);
            }
            Gap::Bracket | Gap::Dash => break,
            gap if explicit || gap == Gap::Plus => marker.episodes.extend(numbers),
            _ => break,
        }
        marker.to += 1;
    }
    marker.episodes.sort_unstable();
    marker.episodes.dedup();
    marker.episodes.truncate(MAX_BATCH as usize);
}

/// The episodes that a following word adds, and whether it says so itself (`E03` against `03`).
fn continuation(word: &Word<'_>, season: Option<i32>) -> Option<(Vec<i32>, bool)> {
    if let Some(number) = word.number(3) {
        return Some((vec![number], false));
    }
    if let Some((numbers, _)) = episode_list(&word.low) {
        return Some((numbers, true));
    }
    let (again, rest) = match word.low.strip_prefix('s') {
        Some(rest) => leading(rest, 4)?,
        None => leading(&word.low, 2)?,
    };
    let numbers = match rest.strip_prefix('x') {
        Some(number) => vec![digits(number, 3)?],
        None => episode_list(rest)?.0,
    };
    (Some(again) == season).then_some((numbers, true))
}

/// The year that a word is.
pub(super) fn year_of(word: &Word<'_>) -> Option<i32> {
    word.number(4).filter(|y| word.text.len() == 4 && YEARS.contains(y))
}

#[cfg(test)]
mod tests {
    use super::super::words::split;
    use super::*;

    #[test]
    fn ranges_are_bounded() {
        for (name, episodes) in [
            ("S01E01-E99", 99),
            ("S01E01-E9999", 1),
            ("S01E05-E02", 1),
            ("S01E01-1080", 1),
            ("S01E01-E03-E05", 5),
        ] {
            let marker =
                find(&split(name), 0, Context { expect: Expect::Any, grouped: false }).unwrap();
            assert_eq!(marker.episodes.len(), episodes, "{name}");
        }
    }
}
