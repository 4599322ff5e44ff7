//! Observations as text, one line each, so that a test reads like the shelf that it is about.
//!
//! ```
//! use shelfread_testkit::notation::observations;
//!
//! let seen = observations(
//!     r#"
//!     movie m1 "Heat" 1995 tmdb=949 imdb=tt0113277 file="Heat (1995)/Heat.mkv":700 played
//!     show s1 "Dark" 2017 tvdb=334824      # a show comes before what hangs on it
//!     season s1 1 r10
//!     episode s1 1x02 e12 "Lies" file=Dark/s01e02.mkv:500 position=120
//!     episode s1 1x04-06 e14 "Three in one file"
//!     episode s1 2017-12-01 e99 "A special evening"
//!     "#,
//! );
//! assert_eq!(seen.len(), 8); // e14 is three parts
//! ```
//!
//! # Grammar
//!
//! ```text
//! line    = [ entry ] [ "#" comment ]
//! entry   = "movie"   ID       [ "TITLE" ] [ YEAR ] { word }
//!         | "show"    ID       [ "TITLE" ] [ YEAR ] { word }
//!         | "season"  SHOW N   ID [ "TITLE" ] [ YEAR ] { word }
//!         | "episode" SHOW NUM ID [ "TITLE" ] [ YEAR ] { word }
//! N       = number | "-"                         "-": the source says no number
//! NUM     = SEASON "x" EPISODE                   1x02; 0x01 is a special
//!         | SEASON "x" FIRST "-" LAST            1x04-06: one file, parts 0, 1, 2
//!         | SEASON "x-" | "-"                    no episode number; no number at all
//!         | YYYY-MM-DD                           unnumbered, by date
//! word    = PROVIDER "=" ID                      tmdb, imdb, tvdb, tvmaze, anidb, anilist
//!         | "file=" FILE | "anchor=" FILE        "file" may come several times: versions
//!         | "overview=" T | "sort=" T | "poster=" T | "slug=" T
//!         | "date=" YYYY-MM-DD | "runtime=" SECONDS | "abs=" N | "part=" N
//!         | "added=" TIME | "monitored" | "unmonitored" | "trashed"
//!         | "played" | "plays=" N | "position=" SECONDS | "last=" TIME
//! FILE    = PATH [ ":" BYTES ] [ "@" UNIX-SECONDS ]
//! TIME    = YYYY-MM-DD | RFC 3339
//! ```
//!
//! Double quotes hold spaces together anywhere in a word, and `\"` is a quote in them. What comes
//! out went through [`Observation::normalize`], as what an adapter reads does.

use std::iter::Peekable;
use std::str::{Chars, FromStr};

use chrono::{DateTime, NaiveDate, Utc};
use shelfread_domain::{ExternalId, FileRef, ItemKind, Observation, PlayState, Provider, RemoteId};

type Fault = String;

/// Reads observations, one per line; see the [module](self) for the grammar.
///
/// # Panics
/// On a line that cannot be read, with its number and what is wrong.
#[track_caller]
pub fn observations(text: &str) -> Vec<Observation> {
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        match entry(line) {
            Ok(observations) => all.extend(observations),
            Err(fault) => panic!("line {}: {fault}\n    {}", index + 1, line.trim()),
        }
    }
    all
}

/// The one observation of a line; see [`observations`].
///
/// # Panics
/// When the text is not exactly one observation.
#[track_caller]
pub fn observation(text: &str) -> Observation {
    let mut all = observations(text);
    assert_eq!(all.len(), 1, "not one observation: {text}");
    all.remove(0)
}

struct Word {
    text: String,
    quoted: bool,
}

fn entry(line: &str) -> Result<Vec<Observation>, Fault> {
    let mut words = split(line)?.into_iter().peekable();
    let Some(kind) = words.next() else { return Ok(Vec::new()) };
    let kind = ItemKind::from_str(&kind.text).map_err(|e| e.to_string())?;
    let mut next = |what| words.next().map(|w| w.text).ok_or(format!("{kind} needs {what}"));
    let mut o = Observation::new("", kind);
    let mut last = None;
    if !kind.is_top() {
        o.parent = Some(RemoteId(next("the id of its show")?));
        let number = next("a number")?;
        last = if kind == ItemKind::Season {
            o.facts.season_number = optional(&number)?;
            None
        } else {
            episode_number(&mut o, &number)?
        };
    }
    o.remote_id = RemoteId(next("an id")?);
    o.facts.title = words.next_if(|w| w.quoted).map(|w| w.text);
    o.facts.year =
        words.next_if(|w| w.text.parse::<i32>().is_ok()).and_then(|w| w.text.parse().ok());
    for word in words {
        apply(&mut o, &word.text)?;
    }
    spread(o, last)
}

/// Splits at white space outside of quotes, up to a comment.
fn split(line: &str) -> Result<Vec<Word>, Fault> {
    let mut words = Vec::new();
    let mut chars = line.trim_start().chars().peekable();
    while let Some(&c) = chars.peek() {
        if c == '#' {
            break;
        }
        words.push(Word { quoted: c == '"', text: word(&mut chars)? });
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
    }
    Ok(words)
}

fn word(chars: &mut Peekable<Chars<'_>>) -> Result<String, Fault> {
    let (mut text, mut inside) = (String::new(), false);
    while let Some(c) = chars.next_if(|c| inside || !c.is_whitespace()) {
        match c {
            '"' => inside = !inside,
            '\\' if inside => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    if inside { Err("a quote is not closed".to_owned()) } else { Ok(text) }
}

/// Sets the numbers of an episode; the last number when the file holds several.
fn episode_number(o: &mut Observation, text: &str) -> Result<Option<i32>, Fault> {
    if text == "-" {
        return Ok(None);
    }
    if let Ok(date) = text.parse::<NaiveDate>() {
        o.facts.air_date = Some(date);
        return Ok(None);
    }
    let form = || format!("'{text}' is no episode number (1x02, 1x04-06, 1x-, 2016-03-01 or -)");
    let (season, rest) = text.split_once('x').ok_or_else(form)?;
    o.facts.season_number = Some(number(season)?);
    if rest == "-" {
        return Ok(None);
    }
    let (first, last) = rest.split_once('-').map_or((rest, None), |(f, l)| (f, Some(l)));
    o.facts.episode_number = Some(number(first)?);
    last.map(number).transpose()
}

/// One observation for each episode of the file.
fn spread(o: Observation, last: Option<i32>) -> Result<Vec<Observation>, Fault> {
    let o = o.normalize().map_err(|e| e.to_string())?;
    let (Some(first), Some(last)) = (o.facts.episode_number, last) else { return Ok(vec![o]) };
    if last <= first {
        return Err(format!("{first}-{last} is no range of episodes"));
    }
    let parts = (first..=last).zip(0..).map(|(episode, part)| {
        let mut o = Observation { part, ..o.clone() };
        o.facts.episode_number = Some(episode);
        o
    });
    Ok(parts.collect())
}

fn apply(o: &mut Observation, word: &str) -> Result<(), Fault> {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let text = || Some(value.to_owned());
    let facts = &mut o.facts;
    match name {
        "file" => facts.files.push(file(value)?),
        "anchor" => o.anchor = Some(file(value)?),
        "overview" => facts.overview = text(),
        "sort" => facts.sort_title = text(),
        "poster" => facts.poster_url = text(),
        "slug" => facts.slug = text(),
        "date" => facts.air_date = Some(parse(value, "date")?),
        "runtime" => facts.runtime_seconds = Some(number(value)?),
        "abs" => facts.absolute_number = Some(number(value)?),
        "part" => o.part = number(value)?,
        "added" => facts.added_at = Some(time(value)?),
        "monitored" => facts.monitored = Some(true),
        "unmonitored" => facts.monitored = Some(false),
        "trashed" => facts.trashed = true,
        "played" | "plays" | "position" | "last" => play(o, name, value)?,
        _ => facts.external_ids.push(external_id(name, value)?),
    }
    Ok(())
}

fn play(o: &mut Observation, name: &str, value: &str) -> Result<(), Fault> {
    let play = o.play.get_or_insert_with(PlayState::default);
    match name {
        "played" => {
            play.played = true;
            play.play_count = play.play_count.max(1);
        }
        "plays" => play.play_count = number(value)?,
        "position" => play.position_seconds = number(value)?,
        _ => play.last_played_at = Some(time(value)?),
    }
    Ok(())
}

fn external_id(name: &str, value: &str) -> Result<ExternalId, Fault> {
    let provider = Provider::parse(name).ok_or_else(|| {
        format!("'{name}' is no word of the notation; see the grammar of testkit::notation")
    })?;
    ExternalId::new(provider, value).ok_or_else(|| format!("'{value}' is no id of {name}"))
}

fn file(text: &str) -> Result<FileRef, Fault> {
    let tail = |text: &str, mark| {
        let (path, tail) = text.rsplit_once(mark)?;
        Some((path.to_owned(), tail.parse::<u64>().ok()?))
    };
    let (rest, modified) = tail(text, '@').map_or((text.to_owned(), None), |(r, t)| (r, Some(t)));
    let (path, size) = tail(&rest, ':').map_or((rest, None), |(p, s)| (p, Some(s)));
    if path.is_empty() {
        return Err("a file needs a path".to_owned());
    }
    let modified = modified.and_then(|s| DateTime::from_timestamp(s.try_into().ok()?, 0));
    Ok(FileRef { modified, ..FileRef::new(path, size) })
}

fn time(text: &str) -> Result<DateTime<Utc>, Fault> {
    let midnight = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc();
    text.parse::<NaiveDate>().map(midnight).or_else(|_| parse(text, "time"))
}

fn number<T: FromStr>(text: &str) -> Result<T, Fault> {
    parse(text, "number")
}

fn optional(text: &str) -> Result<Option<i32>, Fault> {
    if text == "-" { Ok(None) } else { number(text).map(Some) }
}

fn parse<T: FromStr>(text: &str, what: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| format!("'{text}' is no {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reaches_its_field() {
        let o = observation(
            r#"movie m1 "He said \"go\" # now" 1995 imdb=tt0113277 tmdb=949 sort=go # comment"#,
        );
        assert_eq!(o.facts.title.as_deref(), Some("He said \"go\" # now"));
        assert_eq!((o.facts.year, o.facts.sort_title.as_deref()), (Some(1995), Some("go")));
        assert_eq!(o.facts.external_ids.len(), 2);
        let o = observation(
            r#"movie m file="a b/c.mkv":7@100 file=d.mkv anchor=x:1 poster=/p overview="o p""#,
        );
        let FileRef { path, size, modified } = &o.facts.files[0];
        assert_eq!((path.as_str(), *size), ("a b/c.mkv", Some(7)));
        assert_eq!(modified.map(|t| t.timestamp()), Some(100));
        assert_eq!(o.facts.files[1], FileRef::new("d.mkv", None));
        assert_eq!((o.facts.overview.as_deref(), o.anchor.is_some()), (Some("o p"), true));
        let o =
            observation("episode s 1x02 e played plays=3 position=9 last=2024-01-02 runtime=60");
        let play = o.play.unwrap();
        assert_eq!((play.played, play.play_count, play.position_seconds), (true, 3, 9));
        assert_eq!((o.parent.unwrap().as_str(), o.facts.runtime_seconds), ("s", Some(60)));
    }

    #[test]
    fn numbers_of_every_form() {
        let numbers = |text: &str| -> Vec<_> {
            let all = observations(&format!("episode s {text} e"));
            all.iter().map(|o| (o.part, o.facts.season_number, o.facts.episode_number)).collect()
        };
        assert_eq!(numbers("1x02"), [(0, Some(1), Some(2))]);
        assert_eq!(numbers("0x1-2"), [(0, Some(0), Some(1)), (1, Some(0), Some(2))]);
        assert_eq!(numbers("3x-"), [(0, Some(3), None)]);
        assert_eq!(numbers("-"), [(0, None, None)]);
        assert_eq!(numbers("2016-03-01"), [(0, None, None)]);
        assert_eq!(observation("season s - r").facts.season_number, None);
    }

    #[test]
    fn typos_are_named() {
        for (line, fault) in [
            ("film m", "'film' is no kind of item"),
            ("movie", "movie needs an id"),
            ("episode s 1-2 e", "'1-2' is no episode number"),
            ("episode s 1x6-4 e", "6-4 is no range"),
            ("movie m tmbd=1", "'tmbd' is no word"),
            ("movie m tmdb=0", "'0' is no id of tmdb"),
            ("movie m \"open", "a quote is not closed"),
            ("movie m date=soon", "'soon' is no date"),
        ] {
            let told = entry(line).unwrap_err();
            assert!(told.contains(fault), "{line}: {told}");
        }
    }
}
