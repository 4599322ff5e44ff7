//! Small pieces of pages: times, signs, posters, numbers and addresses. Each escapes what it is
//! given, so a title may be anything.

use std::fmt::{self, Display, Write};

use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use shelfread_app::overview::Health;
use shelfread_domain::{ItemKind, ItemStatus, RunStatus};

use super::assets;

/// What a page shows of a text at most, in characters.
const LONGEST: usize = 300;

/// What a page shows of a description at most, in characters.
const PROSE: usize = 6_000;

/// A piece of a page, escaped already.
pub struct Piece(String);

impl Piece {
    fn of(piece: &impl Template) -> Self {
        Self(piece.render().unwrap_or_default())
    }
}

impl Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Piece {}

/// A text as a part of an address: everything but letters and digits is escaped.
pub fn encoded(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => all.push(byte.into()),
            other => {
                let _ = write!(all, "%{other:02X}");
            }
        }
    }
    all
}

/// A query of an address; what is empty is left out.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let some = pairs.iter().filter(|(_, value)| !value.is_empty());
    let some: Vec<_> = some.map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    if some.is_empty() { String::new() } else { format!("?{}", some.join("&")) }
}

/// A text that fits on a page.
pub fn cut(text: &str) -> String {
    bounded(text, LONGEST)
}

/// The beginning of a text.
pub fn bounded(text: &str, most: usize) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() { format!("{start}…") } else { start }
}

/// A text of some length from outside: isolated, and bounded generously.
pub fn prose(text: &str) -> Piece {
    Piece::of(&Name { text: "", shown: bounded(text, PROSE), long: false })
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<bdi{% if long %} title=\"{{ text }}\"{% endif %}>{{ shown }}</bdi>"
)]
struct Name<'a> {
    text: &'a str,
    shown: String,
    long: bool,
}

/// A name from outside: isolated, so that its direction of writing stays its own, and bounded.
pub fn name(text: &str) -> Piece {
    let shown = cut(text);
    let text = if text.len() > 4_000 { "" } else { text };
    Piece::of(&Name { long: !text.is_empty() && shown != text, text, shown })
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<svg class=\"icon\" aria-hidden=\"true\"><use href=\"{{ file }}#{{ name }}\"/></svg>"
)]
struct Icon<'a> {
    file: String,
    name: &'a str,
}

/// A drawn sign; it says nothing to who cannot see it.
pub fn icon(name: &str) -> Piece {
    Piece::of(&Icon { file: assets::address("icons.svg"), name })
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<time datetime=\"{{ exact }}\" data-local{% if ago %} data-ago{% endif %}>{{ shown }}</time>"
)]
struct Time {
    exact: String,
    shown: String,
    ago: bool,
}

/// A moment, exactly; a browser makes it the reader's own time.
pub fn at(time: &DateTime<Utc>) -> Piece {
    moment(time, false)
}

/// How long ago a moment was, where there is a script to say so.
pub fn ago(time: &DateTime<Utc>) -> Piece {
    moment(time, true)
}

fn moment(time: &DateTime<Utc>, ago: bool) -> Piece {
    let (exact, shown) = (time.format("%Y-%m-%dT%H:%M:%SZ"), time.format("%Y-%m-%d %H:%M UTC"));
    Piece::of(&Time { exact: exact.to_string(), shown: shown.to_string(), ago })
}

/// A day as people write it.
pub fn day(date: &NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<span class=\"sign {{ tone }}\">{{ self::icon(shape) }}{{ word }}</span>"
)]
struct Sign<'a> {
    tone: &'a str,
    shape: &'a str,
    word: &'a str,
}

/// A word with a shape and a tone (`good`, `warn`, `bad`, `info` or none).
pub fn sign(tone: &str, shape: &str, word: &str) -> Piece {
    Piece::of(&Sign { tone, shape, word })
}

/// A kind of item as people call it.
pub fn kind(kind: &impl Display) -> String {
    match kind.to_string() {
        movie if movie == ItemKind::Movie.as_str() => "film".to_owned(),
        other => other,
    }
}

/// What an item's listings and downloads amount to.
pub fn status(status: &ItemStatus) -> Piece {
    let (tone, shape) = match status {
        ItemStatus::Available => ("good", "good"),
        ItemStatus::Downloading => ("info", "downloads"),
        ItemStatus::Wanted => ("warn", "wait"),
        ItemStatus::Unmonitored => ("", "off"),
        ItemStatus::Missing => ("bad", "bad"),
    };
    sign(tone, shape, status.as_str())
}

/// How a run stands or ended.
pub fn run_status(status: &RunStatus) -> Piece {
    let (tone, shape) = match status {
        RunStatus::Running => ("info", "runs"),
        RunStatus::Succeeded => ("good", "good"),
        RunStatus::Partial => ("warn", "warn"),
        RunStatus::Held => ("warn", "wait"),
        RunStatus::Failed => ("bad", "bad"),
        RunStatus::Planned => ("", "eye"),
    };
    sign(tone, shape, status.as_str())
}

/// Whether a source or client answers.
pub fn health(health: &Health) -> Piece {
    match health {
        Health::Fine => sign("good", "good", "answers"),
        Health::Failing => sign("bad", "bad", "does not answer"),
        Health::Unknown => sign("", "info", "not asked yet"),
        Health::Off => sign("", "pause", "paused"),
    }
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<span class=\"poster hue-{{ hue }}{% if small %} small{% endif %}\"><span class=\"face\" aria-hidden=\"true\">{{ self::icon(kind) }}{{ self::name(title) }}</span>{% if let Some(address) = address %}<img src=\"{{ address }}\" alt=\"\" loading=\"lazy\" decoding=\"async\">{% endif %}{% if let Some(mark) = mark %}<span class=\"mark\">{{ mark }}</span>{% endif %}</span>"
)]
struct Poster<'a> {
    hue: u32,
    kind: &'a str,
    title: &'a str,
    address: Option<String>,
    small: bool,
    mark: Option<Piece>,
}

impl<'a> Poster<'a> {
    fn new(id: &impl Display, kind: ItemKind, title: &'a str, is_known: bool) -> Self {
        let address = is_known.then(|| format!("/posters/{id}"));
        Self { hue: hue(title), kind: kind.as_str(), title, address, small: false, mark: None }
    }
}

/// The poster of an item, over a drawn one that stands for it; beside its title, so it says
/// nothing.
pub fn poster(id: &impl Display, kind: &ItemKind, title: &str, is_known: &bool) -> Piece {
    Piece::of(&Poster::new(id, *kind, title, *is_known))
}

/// The same with what is to be noticed in its corner.
pub fn marked(
    id: &impl Display,
    kind: &ItemKind,
    title: &str,
    is_known: &bool,
    mark: Piece,
) -> Piece {
    Piece::of(&Poster { mark: Some(mark), ..Poster::new(id, *kind, title, *is_known) })
}

/// The same, tiny, for rows of a list.
pub fn tiny(id: &impl Display, kind: &ItemKind, title: &str, is_known: &bool) -> Piece {
    Piece::of(&Poster { small: true, ..Poster::new(id, *kind, title, *is_known) })
}

/// One of twelve colours, always the same for a title.
fn hue(title: &str) -> u32 {
    title.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 12
}

/// A whole number with spaces between thousands.
pub fn number(n: &u64) -> String {
    let digits = n.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// A number with the word for what is counted.
pub fn counted(n: &u64, one: &str, many: &str) -> String {
    let n = *n;
    format!("{} {}", number(&n), if n == 1 { one } else { many })
}

/// Bytes as people say it.
pub fn bytes(n: &u64) -> String {
    let n = *n;
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A span of time as people say it.
pub fn span(seconds: &u64) -> String {
    let seconds = *seconds;
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, s) if m < 5 => format!("{m} min {s} s"),
        (0, 0, m, _) => format!("{m} min"),
        (0, h, m, _) => format!("{h} h {m:02} min"),
        (d, h, ..) => format!("{d} d {h} h"),
    }
}

/// How long a run took.
pub fn took(from: &DateTime<Utc>, to: &DateTime<Utc>) -> String {
    let millis = (*to - *from).num_milliseconds().max(0).unsigned_abs();
    if millis < 10_000 {
        format!("{:.1} s", millis as f64 / 1000.0)
    } else {
        span(&(millis / 1000))
    }
}

/// A share of a whole in percent.
pub fn percent(fraction: &f64) -> String {
    format!("{} %", (fraction * 1000.0).floor() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_isolated_and_bounded() {
        assert_eq!(name("<b>&\"'").to_string(), "<bdi>&#60;b&#62;&#38;&#34;&#39;</bdi>");
        let long = name(&"x".repeat(1_000)).to_string();
        assert!(long.ends_with("x…</bdi>") && long.contains("title="), "{long}");
        assert!(name(&"é".repeat(1_000_000)).to_string().len() < 1_000);
    }

    #[test]
    fn addresses_hold_any_text() {
        assert_eq!(encoded("a b/ö?&"), "a%20b%2F%C3%B6%3F%26");
        assert_eq!(query(&[("q", ""), ("sort", "year"), ("x", "1&2")]), "?sort=year&x=1%262");
        assert_eq!(query(&[("q", "")]), "");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(&1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(number(&12), "12");
        assert_eq!(bytes(&1_536), "1.5 KiB");
        assert_eq!(bytes(&u64::MAX), "16777216.0 TiB");
        assert_eq!(span(&3_725), "1 h 02 min");
        assert_eq!(percent(&0.9999), "99.9 %");
    }
}
