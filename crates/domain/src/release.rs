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
//! numbers = S01E02 | S01E01E02 | S01E01-E03 | S01E01-03 | S01 E02 | S01xE02 | S01E01+02
//!         | 1x05 | 1x05-06 | 2016x03 | 1of6 | 1 of 6 | Season 1 Episode 2
//!         | 2024.03.12 | 2024-03-12 | 20240312 | 31.12.2024
//!         | S02 | Season 2 | S01-S03 | Seasons 1 to 3 | 2nd Season | S02D1 | 第2季  (packs)
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
//! [`Certainty`], and a caller that knows what it looks at says so with [`Expect`]. Where another
//! parser reads otherwise, and why, is told in `docs/release-names.md`.

mod numbers;
mod parser;
mod quality;
mod tags;
mod words;

use chrono::NaiveDate;

use crate::external_id::ExternalId;
use parser::Parser;

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
