//! What the programs' answers have in common: numbers that come as texts, are negative for
//! "unknown" or absurd, and bodies that are not quite JSON. Only an id is taken strictly; any other
//! field that makes no sense is a field that was not sent.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use shelfread_backends_http::{Response, time};
use shelfread_domain::download::{Transfer, TransferFile};
use shelfread_domain::port::{Problem, SourceError};
use shelfread_domain::text::{MAX_PATH, bounded};

const NAMELESS: &str = "a transfer without an id";

/// The most files of one transfer that are listed.
const MAX_FILES: usize = 10_000;

/// A number, whatever it was written as; none for anything else.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Num(Option<f64>);

impl Num {
    /// A size that comes as two halves of 32 bits.
    pub(crate) fn halves(low: Self, high: Self) -> Self {
        let (low, high) = (low.count(), high.count());
        Self(low.zip(high).map(|(low, high)| low as f64 + high as f64 * 4_294_967_296.0))
    }

    /// A number in another unit.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self(self.0.map(|number| number * factor))
    }

    /// A number that can be one: neither NaN nor infinite.
    pub(crate) fn number(self) -> Option<f64> {
        self.0.filter(|n| n.is_finite())
    }

    /// A count, as of bytes or seconds: negative ones mean "unknown". Exact up to 2^53; beyond
    /// 2^60 it is none.
    pub(crate) fn count(self) -> Option<u64> {
        self.number().filter(|n| (0.0..=(1_u64 << 60) as f64).contains(n)).map(|n| n as u64)
    }

    /// A whole number.
    pub(crate) fn whole(self) -> Option<i64> {
        self.number().filter(|n| n.abs() < 9e15).map(|n| n as i64)
    }

    /// Seconds since 1970; zero, negative and absurd ones mean "never".
    pub(crate) fn moment(self) -> Option<DateTime<Utc>> {
        time::unix_seconds(self.whole()?)
    }

    /// A share from 0; what is no number is nothing.
    pub(crate) fn share(self) -> f64 {
        self.number().unwrap_or(0.0)
    }
}

impl<'de> Deserialize<'de> for Num {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(|scalar| match scalar {
            Scalar::Number(number) => Self(Some(number)),
            Scalar::Text(text) => Self(text.trim().parse().ok()),
            Scalar::Truth(_) | Scalar::None => Self(None),
        })
    }
}

/// A text; a number counts as its digits, anything else as empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Text(pub(crate) String);

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, unless it is empty.
    pub(crate) fn some(self) -> Option<String> {
        Some(self.0).filter(|text| !text.trim().is_empty())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(|scalar| match scalar {
            Scalar::Number(number) => Self(number.to_string()),
            Scalar::Text(text) => Self(text),
            Scalar::Truth(_) | Scalar::None => Self::default(),
        })
    }
}

enum Scalar {
    Number(f64),
    Text(String),
    Truth(bool),
    None,
}

/// Takes any JSON value and keeps what is a number, a text or a truth value.
struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Scalar, E> {
        Ok(Scalar::Truth(truth))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::None)
    }
}

/// A truth value; a number other than 0 counts as true, anything else as false.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(|scalar| match scalar {
            Scalar::Truth(truth) => Self(truth),
            Scalar::Number(number) => Self(number != 0.0),
            Scalar::Text(_) | Scalar::None => Self(false),
        })
    }
}

/// A list; anything else counts as an empty one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Maybe<T> {
            List(Vec<T>),
            Other(IgnoredAny),
        }
        Ok(match Maybe::deserialize(deserializer)? {
            Maybe::List(list) => Self(list),
            Maybe::Other(_) => Self::default(),
        })
    }
}

/// A list of texts; anything else counts as an empty one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Texts(pub(crate) Vec<Text>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

/// Reads as it comes, where [`List`] must read twice: there may be one of these per transfer.
struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element()? {
            texts.push(text);
        }
        Ok(Texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Texts, A::Error> {
        Any.visit_map(map).map(|_| Texts::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_unit<E: Error>(self) -> Result<Texts, E> {
        Ok(Texts::default())
    }
}

/// The transfers of a list. Each entry is converted as soon as it is read, so that a long list is
/// never held twice; one without an id fails the whole.
pub(crate) struct Transfers<T>(pub(crate) Vec<Transfer>, PhantomData<T>);

impl<'de, T> Deserialize<'de> for Transfers<T>
where
    T: Deserialize<'de> + Into<Option<Transfer>>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(TransfersVisitor(PhantomData))
    }
}

struct TransfersVisitor<T>(PhantomData<T>);

impl<'de, T> Visitor<'de> for TransfersVisitor<T>
where
    T: Deserialize<'de> + Into<Option<Transfer>>,
{
    type Value = Transfers<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of transfers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Transfers<T>, A::Error> {
        let mut transfers = Vec::new();
        while let Some(entry) = seq.next_element::<T>()? {
            transfers.push(entry.into().ok_or_else(|| A::Error::custom(NAMELESS))?);
        }
        Ok(Transfers(transfers, PhantomData))
    }
}

/// Makes the body proper JSON: without the mark that some programs put before it, and with what is
/// no UTF-8 in names replaced.
pub(crate) fn clean(answer: &mut Response) {
    if answer.body.starts_with(b"\xef\xbb\xbf") {
        answer.body.drain(..3);
    }
    if std::str::from_utf8(&answer.body).is_err() {
        answer.body = String::from_utf8_lossy(&answer.body).into_owned().into_bytes();
    }
}

/// The body as JSON.
pub(crate) fn json<T: DeserializeOwned>(mut answer: Response) -> Result<T, SourceError> {
    clean(&mut answer);
    answer.json()
}

/// An entry without an id could be any transfer, so its list says nothing of what is gone.
pub(crate) fn nameless() -> Problem {
    Problem::Malformed(NAMELESS.into())
}

/// What a torrent client says to an NZB file.
pub(crate) fn not_usenet() -> Problem {
    Problem::Unusable("an NZB file is for SABnzbd or NZBGet, not for a torrent client".into())
}

/// What a usenet client says to a torrent.
pub(crate) fn not_torrents() -> Problem {
    Problem::Unusable("a torrent or magnet is for a torrent client, not for a usenet client".into())
}

/// What a client says to a folder when it chooses folders by itself.
pub(crate) fn no_folder() -> Problem {
    let why = "this client puts things where their category says and takes no folder";
    Problem::Unusable(why.into())
}

/// The transfers, each id once: of a job that moves from one list to the other while they are read
/// the later entry counts.
pub(crate) fn once(transfers: Vec<Transfer>) -> Vec<Transfer> {
    let mut seen = HashSet::with_capacity(transfers.len());
    let last = transfers.into_iter().rev().filter(|t| seen.insert(t.id.clone()));
    last.collect()
}

/// What a program says, short enough for a message.
pub(crate) fn shown(text: &str) -> String {
    bounded(text, 300).unwrap_or_else(|| "it does not say why".into())
}

/// The files of a transfer, from names and sizes. More than that many, and longer names, no person
/// and no matching looks at.
pub(crate) fn files(named: impl Iterator<Item = (Text, Num)>) -> Vec<TransferFile> {
    let file = |(name, size): (Text, Num)| {
        Some(TransferFile { path: bounded(&name.0, MAX_PATH)?, size_bytes: size.count() })
    };
    named.take(MAX_FILES).filter_map(file).collect()
}

/// A path of a program's disk; it may be another system than ours.
pub(crate) fn join(folder: &str, name: &str) -> String {
    let separator = if folder.contains('\\') && !folder.contains('/') { '\\' } else { '/' };
    format!("{}{separator}{name}", folder.trim_end_matches(['/', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn num(json: &str) -> Num {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_are_taken_as_they_come() {
        for json in ["7", "7.0", r#"" 7 ""#, r#""7.00""#] {
            assert_eq!(num(json).count(), Some(7), "{json}");
        }
        for json in ["null", "true", "[1]", r#"{"a":1}"#, r#""x""#, r#""NaN""#, "-1", "1e300"] {
            assert_eq!(num(json).count(), None, "{json}");
        }
        assert_eq!(num("9223372036854775807").moment(), None);
        assert_eq!(num("-9223372036854775808").whole(), None);
        assert_eq!(num("1700000000").moment().unwrap().timestamp(), 1_700_000_000);
        assert_eq!(num(r#""inf""#).share(), 0.0);
    }

    #[test]
    fn texts_are_taken_as_they_come() {
        let text = |json: &str| serde_json::from_str::<Text>(json).unwrap().some();
        assert_eq!(text(r#""a""#).as_deref(), Some("a"));
        assert_eq!(text("7").as_deref(), Some("7"));
        for json in [r#"" ""#, "null", "[]", "false"] {
            assert_eq!(text(json), None, "{json}");
        }
    }

    #[test]
    fn paths_keep_their_separator() {
        assert_eq!(join("/data/", "a"), "/data/a");
        assert_eq!(join(r"D:\data", "a"), r"D:\data\a");
    }
}
