//! NFO files: what people and programs wrote beside a video, in the dialects of Kodi, Jellyfin and
//! Emby. XML with one root or with one per episode, XML with addresses behind it, or addresses
//! alone. Knows no file system: bytes in, words out, and nothing in them can fail, recurse or
//! expand (entities of a document type are not resolved).

use chrono::{Datelike, NaiveDate};
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use shelfread_domain::{ExternalId, Facts, Provider};

/// How much of an NFO file is read, in bytes.
pub(crate) const MAX_BYTES: u64 = 1 << 20;
/// How many episodes one file may describe.
const MAX_ROOTS: usize = 200;

/// What an NFO file describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Root {
    Movie,
    Show,
    Episode,
    /// Addresses alone: whatever it lies beside.
    #[default]
    Unsaid,
}

/// One description.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Nfo {
    pub root: Root,
    pub title: Option<String>,
    pub year: Option<i32>,
    pub date: Option<NaiveDate>,
    pub plot: Option<String>,
    pub runtime_seconds: Option<i64>,
    pub season: Option<i32>,
    pub episode: Option<i32>,
    pub ids: Vec<ExternalId>,
}

impl Nfo {
    /// Writes what it says over what was read from names. Ids of other providers stay.
    pub fn complete(&self, facts: &mut Facts) {
        replace(&mut facts.title, &self.title);
        replace(&mut facts.year, &self.year.or(self.date.map(|d| d.year())));
        replace(&mut facts.air_date, &self.date);
        replace(&mut facts.overview, &self.plot);
        replace(&mut facts.runtime_seconds, &self.runtime_seconds);
        facts.external_ids.retain(|id| self.ids.iter().all(|own| own.provider != id.provider));
        facts.external_ids.extend(self.ids.iter().cloned());
    }

    fn is_blank(&self) -> bool {
        *self == Self { root: self.root, ..Self::default() }
    }
}

fn replace<T: Clone>(fact: &mut Option<T>, said: &Option<T>) {
    if said.is_some() {
        fact.clone_from(said);
    }
}

/// Reads a file. Empty when it says nothing; what stands before a fault counts.
pub(crate) fn parse(bytes: &[u8]) -> Vec<Nfo> {
    let text = decode(bytes);
    let (mut found, behind) = documents(&text);
    let addresses = addresses(&text[behind..]);
    match found.first_mut() {
        Some(first) => first.ids.extend(addresses),
        None => found.push(Nfo { ids: addresses, ..Nfo::default() }),
    }
    for nfo in &mut found {
        nfo.ids.sort();
        nfo.ids.dedup();
    }
    found.retain(|nfo| !nfo.is_blank());
    found
}

/// The text of a file: UTF-8, UTF-16 with its mark, or else Latin-1.
fn decode(bytes: &[u8]) -> String {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|b| unit([b[0], b[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xFF, 0xFE, ..] => wide(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => wide(u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            let whole = std::str::from_utf8(bytes);
            // A limit that cuts through a character is no reason to doubt the encoding.
            let cut = |e: std::str::Utf8Error| e.error_len().is_none().then_some(e.valid_up_to());
            match whole.map_err(cut) {
                Ok(text) => text.to_owned(),
                Err(Some(end)) => String::from_utf8_lossy(&bytes[..end]).into_owned(),
                Err(None) => bytes.iter().map(|b| char::from(*b)).collect(),
            }
        }
    }
}

/// The XML documents of a text, and where the last one ends.
fn documents(text: &str) -> (Vec<Nfo>, usize) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut state = State::default();
    let mut end = 0;
    while state.done.len() < MAX_ROOTS {
        match reader.read_event() {
            Ok(Event::Start(tag)) => state.open(&tag),
            Ok(Event::End(_)) => {
                if state.close() {
                    end = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
                }
            }
            Ok(Event::Text(t)) => state.value.push_str(&t),
            Ok(Event::CData(t)) => state.value.push_str(&t),
            Ok(Event::GeneralRef(reference)) => state.refer(&reference),
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    state.finish(text.len(), end)
}

#[derive(Default)]
struct State {
    done: Vec<Nfo>,
    current: Option<Nfo>,
    /// How many elements are open.
    depth: usize,
    /// The open child of the root.
    field: String,
    /// Its attribute `type`.
    of: String,
    value: String,
}

impl State {
    fn open(&mut self, tag: &BytesStart<'_>) {
        self.depth += 1;
        let name = tag.local_name().as_ref().to_ascii_lowercase();
        match self.depth {
            1 => self.current = root(&name).map(|root| Nfo { root, ..Nfo::default() }),
            2 => {
                self.field = name;
                let kind = tag.try_get_attribute("type").ok().flatten();
                self.of = kind.map(|kind| kind.value.into_owned()).unwrap_or_default();
                self.value.clear();
            }
            _ => {}
        }
    }

    /// Closes an element; whether that was a root that we read.
    fn close(&mut self) -> bool {
        let depth = self.depth;
        self.depth = depth.saturating_sub(1);
        match (depth, &mut self.current) {
            (2, Some(nfo)) => nfo.set(&self.field, &self.of, self.value.trim()),
            (1, Some(_)) => {
                self.done.extend(self.current.take());
                return true;
            }
            _ => {}
        }
        if depth > 2 {
            self.value.clear(); // `<set><name>…` is not the text of `<set>`
        }
        false
    }

    fn refer(&mut self, reference: &BytesRef<'_>) {
        match reference.resolve_char_ref() {
            Ok(Some(c)) => self.value.push(c),
            _ => self.value.push_str(resolve_xml_entity(reference).unwrap_or_default()),
        }
    }

    fn finish(mut self, len: usize, end: usize) -> (Vec<Nfo>, usize) {
        let broken = self.current.is_some();
        self.done.extend(self.current);
        (self.done, if broken { len } else { end.min(len) })
    }
}

fn root(name: &str) -> Option<Root> {
    match name {
        "movie" => Some(Root::Movie),
        "tvshow" => Some(Root::Show),
        "episodedetails" => Some(Root::Episode),
        _ => None,
    }
}

impl Nfo {
    fn set(&mut self, field: &str, of: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let number = || value.parse::<i32>().ok().filter(|n| *n >= 0);
        match field {
            "title" => self.title = Some(value.to_owned()),
            "plot" => self.plot = Some(value.to_owned()),
            "year" => self.year = value.get(..4).and_then(|y| y.parse().ok()).filter(|y| *y > 0),
            "premiered" | "aired" | "releasedate" => {
                let day = value.get(..10).and_then(|day| day.parse().ok());
                self.date = self.date.or(day);
            }
            "runtime" => {
                let digits = value.bytes().take_while(u8::is_ascii_digit).count();
                let minutes = value[..digits].parse::<i64>().ok().filter(|m| *m < 100_000);
                self.runtime_seconds = minutes.map(|m| m * 60);
            }
            "season" => self.season = number(),
            "episode" => self.episode = number(),
            "uniqueid" => self.ids.extend(ExternalId::parse(of, value)),
            "id" if value.starts_with("tt") => self.ids.extend(ExternalId::parse("imdb", value)),
            "id" if self.root == Root::Show => self.ids.extend(ExternalId::parse("tvdb", value)),
            "imdb_id" => self.ids.extend(ExternalId::parse("imdb", value)),
            other => self.ids.extend(ExternalId::parse(other, value)),
        }
    }
}

/// The beginnings of addresses of works, with the provider whose id follows.
const ADDRESSES: [(&str, Provider); 9] = [
    ("themoviedb.org/movie/", Provider::Tmdb),
    ("themoviedb.org/tv/", Provider::Tmdb),
    ("imdb.com/title/", Provider::Imdb),
    ("thetvdb.com/dereferrer/series/", Provider::Tvdb),
    ("thetvdb.com/?tab=series&id=", Provider::Tvdb),
    ("thetvdb.com/index.php?tab=series&id=", Provider::Tvdb),
    ("tvmaze.com/shows/", Provider::TvMaze),
    ("anidb.net/anime/", Provider::AniDb),
    ("anilist.co/anime/", Provider::AniList),
];

/// The ids in the addresses of a text: the first one of each provider.
fn addresses(text: &str) -> Vec<ExternalId> {
    let mut ids: Vec<ExternalId> = Vec::new();
    for (beginning, provider) in &ADDRESSES {
        let Some((_, rest)) = text.split_once(beginning) else { continue };
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if ids.iter().all(|id| id.provider != *provider) {
            ids.extend(ExternalId::new(provider.clone(), &rest[..end]));
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ids(nfo: &Nfo) -> Vec<String> {
        nfo.ids.iter().map(ToString::to_string).collect()
    }

    fn one(text: &str) -> Nfo {
        let mut all = parse(text.as_bytes());
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[test]
    fn a_film() {
        let nfo = one(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<!-- by hand -->\n<movie>\
             <title>Tom &amp; Jerry &#233; &lt;3</title><originaltitle>No</originaltitle><year>1995</year>\
             <premiered>1995-12-15</premiered><plot><![CDATA[A <b>heist</b>.]]></plot>\
             <runtime>170 min</runtime><uniqueid type=\"imdb\" default=\"true\">tt0113277</uniqueid>\
             <uniqueid type=\"tmdb\">949</uniqueid><uniqueid type=\"tvdb\">0</uniqueid>\
             <actor><name>Al</name><title>Mr</title></actor><set><name>Set</name></set></movie>",
        );
        assert_eq!(nfo.title.as_deref(), Some("Tom & Jerry é <3"));
        assert_eq!((nfo.year, nfo.date), (Some(1995), NaiveDate::from_ymd_opt(1995, 12, 15)));
        assert_eq!(nfo.plot.as_deref(), Some("A <b>heist</b>."));
        assert_eq!(nfo.runtime_seconds, Some(10_200));
        assert_eq!(ids(&nfo), ["tmdb 949", "imdb tt0113277"]);
    }

    #[test]
    fn ids_in_older_dialects() {
        let film = one("<movie><id>tt0113277</id><tmdbid>949</tmdbid></movie>");
        assert_eq!(ids(&film), ["tmdb 949", "imdb tt0113277"]);
        let show =
            one("<tvshow><id>79126</id><imdb_id>tt0306414</imdb_id><tmdbid>1438</tmdbid></tvshow>");
        assert_eq!(ids(&show), ["tmdb 1438", "imdb tt0306414", "tvdb 79126"]);
    }

    #[test]
    fn several_episodes_in_one_file() {
        let text = "<episodedetails><title>A</title><season>1</season><episode>1</episode></episodedetails>\n\
                    <episodedetails><title>B</title><season>1</season><episode>2</episode></episodedetails>";
        let numbers: Vec<_> =
            parse(text.as_bytes()).iter().map(|n| (n.season, n.episode)).collect();
        assert_eq!(numbers, [(Some(1), Some(1)), (Some(1), Some(2))]);
    }

    #[test]
    fn addresses_alone_and_behind() {
        assert_eq!(ids(&one("https://www.themoviedb.org/movie/949-heat\n")), ["tmdb 949"]);
        assert_eq!(ids(&one("https://www.imdb.com/title/tt0113277/?ref=x")), ["imdb tt0113277"]);
        assert_eq!(ids(&one("http://thetvdb.com/?tab=series&id=79126&lid=7")), ["tvdb 79126"]);
        let both = one("<tvshow><title>Heat</title></tvshow>\nhttps://www.themoviedb.org/tv/1438");
        assert_eq!(
            (both.title.as_deref(), ids(&both)),
            (Some("Heat"), vec!["tmdb 1438".to_owned()])
        );
        let plot = one("<movie><plot>like imdb.com/title/tt0000001</plot></movie>");
        assert_eq!(ids(&plot), Vec::<String>::new(), "an address in a plot is no id");
        assert_eq!(parse(b"greetings from the group"), []);
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>\
                    <movie><title>x&b;&f;y</title></movie>";
        assert_eq!(one(bomb).title.as_deref(), Some("xy"));
    }

    #[test]
    fn encodings() {
        let latin = b"<movie><title>Am\xe9lie</title></movie>";
        assert_eq!(parse(latin)[0].title.as_deref(), Some("Amélie"));
        let wide: Vec<u8> = std::iter::once(0xFEFF)
            .chain("<movie><title>Amélie</title></movie>".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(parse(&wide)[0].title.as_deref(), Some("Amélie"));
        assert_eq!(
            one("\u{feff}<movie><title>A & B</title></movie>").title.as_deref(),
            Some("A & B")
        );
    }

    #[test]
    fn what_stands_before_a_fault_counts() {
        let nfo = one("<movie><title>Heat</title><year>1995</year><plot>cut o");
        assert_eq!((nfo.title.as_deref(), nfo.year, nfo.plot), (Some("Heat"), Some(1995), None));
        assert_eq!(parse(b"<movie><title>Heat</wrong></movie>"), []);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(<movie>|<title>|</movie>|</title>|&|;|#x|<!\\[CDATA\\[|\\]\\]>|[a-z]|é|<|>|\"){0,40}") {
            parse(&bytes);
            parse(text.as_bytes());
        }
    }
}
