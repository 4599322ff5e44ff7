//! What the name of a release, a file or a folder says: title, year, episodes, quality.
//!
//! Pure and bounded: a name is cut to [`MAX_NAME`] bytes, nothing is looked up, nothing can fail.
//! It deliberately does not know any file system, any database of titles and no clock.
//!
//! # Grammar
//!
//! In this order; what an earlier step took, no later step sees.
//!
//! ```text
//! name    = [site] { tag } [ "[" group "]" ] [title] [year] [numbers] [text] { copy } [ "-" group ]
//! site    = "www." … " - "
//! tag     = "{" key sep value "}" | "[" key sep value "]"      key: tmdb imdb tvdb … (id), edition
//! numbers = S01E02 | S01E01E02 | S01E01-E03 | S01E01-03 | S01 E02 | 1x05 | 1x05-06
//!         | Season 1 Episode 2 | 2024.03.12 | 2024-03-12 | 20240312 | 31.12.2024
//!         | S02 | Season 2 | S01-S03 | 2nd Season | 第2季                       (packs)
//!         | Episode 5 | E05 | EP05 | #5 | 第05話 | OVA 2 | SP1 | Special 1
//!         | " - " 1089 [v2] | " - " 220-221 | "[" group "] " … 05 | "(" 01-12 ")"  (absolute)
//! year    = "(" 1999 ")" | 1999 before the first strong word of the copy, and never the first word
//! copy    = resolution | source | codec | edition | cd1 | sample | languages, audio, flags
//! ```
//!
//! The title is what stands before the first of year, numbers and copy. Consequences that are
//! meant: `2012 (2009)` and `1917.2019.1080p` keep their titles, `Blade Runner 2049` has no year
//! 2049 (later than any year we believe), a year behind the numbers is not the show's. A number
//! that is only a guess (`Episode 1`, ` - 3`) gives way to a year behind it:
//! `Star Wars Episode 1 (1999)` is a film. Names are ambiguous, so every answer has a
//! [`Certainty`], and a caller that knows what it looks at says so with [`Expect`].

mod numbers;
mod quality;
mod tags;
mod words;

use chrono::NaiveDate;

use crate::external_id::ExternalId;
use numbers::{Context, Marker};
use quality::Mark;
use words::{Gap, Word};

pub use quality::Extra;

/// The longest name that is looked at, in bytes; the rest is cut off. File systems allow 255.
pub const MAX_NAME: usize = 1_024;

/// What the caller already knows of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Expect {
    /// Nothing: a download, a folder that may be anything.
    #[default]
    Any,
    /// It is a film or the folder of a work: numbers belong to the title.
    Film,
    /// It is a file of a show: a lone number is an episode.
    Episode,
}

/// How sure an answer is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Certainty {
    /// There is no answer.
    #[default]
    Absent,
    /// One of several possible readings.
    Guess,
    /// The usual reading.
    Likely,
    /// The name says so in a form that means nothing else.
    Sure,
}

/// How sure the answers of a [`ReleaseName`] are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Confidence {
    /// Of the title.
    pub title: Certainty,
    /// Of the year.
    pub year: Certainty,
    /// Of season, episodes, absolute numbers and date.
    pub numbers: Certainty,
}

/// What a name says. Absent is what it does not say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReleaseName {
    /// The title of the film or show.
    pub title: Option<String>,
    /// The title of the episode.
    pub episode_title: Option<String>,
    /// The year of the film or of the show's start.
    pub year: Option<i32>,
    /// The season; 0 holds the specials. The first one of a pack of several.
    pub season: Option<i32>,
    /// The last season of a pack of several.
    pub last_season: Option<i32>,
    /// The episodes within the season, ascending, ranges expanded.
    pub episodes: Vec<i32>,
    /// The numbers within the whole show, ascending, ranges expanded.
    pub absolute: Vec<i32>,
    /// The day of airing.
    pub air_date: Option<NaiveDate>,
    /// No regular episode: season 0, an OVA, a half number.
    pub special: bool,
    /// A bonus video and not the work itself.
    pub extra: Option<Extra>,
    /// The part of a work that is cut into several files (`cd2`). `Part Two` of a title is none.
    pub part: Option<u16>,
    /// The version of a release (`v2`).
    pub version: Option<u16>,
    /// The edition, in its usual spelling where we know it.
    pub edition: Option<String>,
    /// Lines and scan, such as `1080p`.
    pub resolution: Option<String>,
    /// Where the copy is from, such as `BluRay` or `WEB-DL`.
    pub source: Option<&'static str>,
    /// The video codec, such as `H.265`.
    pub codec: Option<&'static str>,
    /// Who made the release.
    pub group: Option<String>,
    /// Ids from tags, sorted.
    pub external_ids: Vec<ExternalId>,
    /// Whole seasons and not single episodes.
    pub is_season_pack: bool,
    /// How sure all this is.
    pub confidence: Confidence,
}

/// The extensions of video files.
const VIDEO: [&str; 28] = [
    "3gp", "asf", "avi", "divx", "dvr-ms", "f4v", "flv", "iso", "m2ts", "m2v", "m4v", "mk3d",
    "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ogm", "ogv", "rm", "rmvb", "strm", "ts", "vob",
    "webm", "wmv", "wtv",
];

/// The extensions of other files that releases hold or come in.
const OTHER_FILES: [&str; 16] = [
    "nfo", "srt", "sub", "idx", "ass", "ssa", "sup", "vtt", "nzb", "torrent", "rar", "zip", "par2",
    "txt", "jpg", "png",
];

/// The name of a video file without its extension; `None` when it is none.
///
/// ```
/// assert_eq!(shelfread_domain::release::video_stem("Heat (1995).MKV"), Some("Heat (1995)"));
/// assert_eq!(shelfread_domain::release::video_stem("Heat (1995).srt"), None);
/// ```
pub fn video_stem(file_name: &str) -> Option<&str> {
    stem_if(file_name, &VIDEO)
}

fn stem_if<'a>(name: &'a str, extensions: &[&str]) -> Option<&'a str> {
    let (stem, extension) = name.rsplit_once('.')?;
    let known = extensions.iter().any(|known| known.eq_ignore_ascii_case(extension));
    (!stem.is_empty() && known).then_some(stem)
}

impl ReleaseName {
    /// Reads the name of a release, file or folder of which nothing is known.
    ///
    /// ```
    /// use shelfread_domain::release::ReleaseName;
    ///
    /// let name = ReleaseName::parse("The.Wire.S03E01-E02.1080p.BluRay.x264-GRP.mkv");
    /// assert_eq!(name.title.as_deref(), Some("The Wire"));
    /// assert_eq!((name.season, name.episodes), (Some(3), vec![1, 2]));
    /// ```
    pub fn parse(name: &str) -> Self {
        Self::parse_as(name, Expect::Any)
    }

    /// Reads a name of which something is known.
    pub fn parse_as(name: &str, expect: Expect) -> Self {
        let name = cut(name);
        let stem = video_stem(name).or_else(|| stem_if(name, &OTHER_FILES));
        let name = without_site(stem.unwrap_or(name));
        let tags = tags::take(name);
        let mut release = Parser::new(&tags.rest, expect).run();
        release.external_ids = tags.ids;
        release.edition = tags.edition.or(release.edition);
        release
    }

    /// Reads the path of a file with the folders above it (`/` or `\` separate): a folder
    /// `Title (Year)` says more of the work than the file in it, a folder `Season 01` gives the
    /// season that the file leaves out.
    ///
    /// ```
    /// use shelfread_domain::release::ReleaseName;
    ///
    /// let name = ReleaseName::parse_path("Dark (2017) {tvdb-334824}/Season 02/05 - Lost.mkv");
    /// assert_eq!((name.title.as_deref(), name.year), (Some("Dark"), Some(2017)));
    /// assert_eq!((name.season, name.episodes), (Some(2), vec![5]));
    /// ```
    pub fn parse_path(path: &str) -> Self {
        let mut parts = path.rsplit(['/', '\\']).filter(|part| !part.is_empty());
        let file = parts.next().unwrap_or_default();
        let mut folders = parts.take(3).peekable();
        let inner = folders.next_if(|folder| season_folder(folder).is_some());
        let season = inner.and_then(season_folder);
        let expect = if season.is_some() { Expect::Episode } else { Expect::Any };
        let mut release = Self::parse_as(file, expect);
        release.settle_season(season);
        for folder in inner.into_iter().chain(folders.next()) {
            release.adopt(Self::parse(folder));
        }
        release
    }

    /// Gives the season that a folder says to a file that says none itself: a lone number in
    /// `Season 02` is an episode of that season.
    pub fn settle_season(&mut self, season: Option<i32>) {
        let Some(season) = season.filter(|_| self.season.is_none()) else { return };
        self.season = Some(season);
        self.special |= season == 0;
        if self.episodes.is_empty() {
            self.episodes = std::mem::take(&mut self.absolute);
        }
        if let [number] = self.episodes[..]
            && number > 100
            && number / 100 == season
        {
            self.episodes = vec![number % 100];
        }
    }

    /// Takes from the folder above the file what it knows better: the title of a folder with a year
    /// or an id, everything from the folder of a release whose files have short names.
    fn adopt(&mut self, folder: Self) {
        if self.confidence.numbers == Certainty::Absent {
            (self.season, self.episodes) = (folder.season, folder.episodes.clone());
            (self.absolute, self.air_date) = (folder.absolute.clone(), folder.air_date);
            self.confidence.numbers = folder.confidence.numbers;
            self.special = folder.special;
        }
        let of_release = folder.season.is_some() && folder.season == self.season;
        let named = folder.year.is_some() || of_release || !folder.external_ids.is_empty();
        if folder.title.is_some() && (named && self.year.is_none() || self.title.is_none()) {
            (self.title, self.year) = (folder.title, folder.year);
            (self.confidence.title, self.confidence.year) =
                (folder.confidence.title, folder.confidence.year);
        }
        if self.external_ids.is_empty() {
            self.external_ids = folder.external_ids;
        }
        self.settle_season(folder.season.filter(|_| folder.is_season_pack));
        self.resolution = self.resolution.take().or(folder.resolution);
        self.source = self.source.or(folder.source);
        self.codec = self.codec.or(folder.codec);
        self.edition = self.edition.take().or(folder.edition);
        self.group = self.group.take().or(folder.group);
    }
}

/// The season whose folder this is: `Season 01`, `S01`, `Specials`, `Staffel 2`, `Show - Season 3`,
/// `01`, `2024`; `None` for any other name.
///
/// ```
/// use shelfread_domain::release::season_folder;
///
/// assert_eq!(["Season 01", "S2", "Specials", "Dark"].map(season_folder), [Some(1), Some(2), Some(0), None]);
/// ```
pub fn season_folder(name: &str) -> Option<i32> {
    let name = name.trim();
    if ["specials", "special", "season specials"].contains(&name.to_lowercase().as_str()) {
        return Some(0);
    }
    if let Some(number) = words::digits(name, 4) {
        return Some(number).filter(|n| name.len() < 3 || name.len() == 4 && *n > 1900);
    }
    let release = ReleaseName::parse_as(name, Expect::Episode);
    release.season.filter(|_| release.is_season_pack && release.last_season.is_none())
}

/// `name` bounded to [`MAX_NAME`] bytes.
fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_NAME)]
}

/// `name` without the address of a site before it.
fn without_site(name: &str) -> &str {
    let site = name.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("www."));
    name.split_once(" - ").filter(|_| site).map_or(name, |(_, rest)| rest.trim_start())
}

/// One reading of one name.
struct Parser<'a> {
    name: &'a str,
    words: Vec<Word<'a>>,
    expect: Expect,
    out: ReleaseName,
}

/// A year and the word that it is.
type Year = (usize, i32, Certainty);

impl<'a> Parser<'a> {
    fn new(name: &'a str, expect: Expect) -> Self {
        Self { name, words: words::split(name), expect, out: ReleaseName::default() }
    }

    fn run(mut self) -> ReleaseName {
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
        let mut title = rest.iter().take_while(|w| !self.ends_title(w)).peekable();
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
            || self.out.season.is_some()
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
        let last = at + 1 == self.words.len();
        let suffix = last && matches!(word.gap, Gap::Hyphen | Gap::Dot | Gap::Underscore);
        let strict = matches!(quality::extra(&word.low), Some(Extra::Trailer | Extra::Sample));
        suffix && (word.gap == Gap::Hyphen || strict)
            || quality::extra(&word.low) == Some(Extra::Credits)
            || strict && self.out.resolution.is_some()
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
