//! A world from a seed and a size, with the oddities of real collections in a fixed mixture: films
//! in two versions, works without external ids, specials, files with two episodes, shows by date,
//! seasons without folders, announced episodes.

use std::collections::HashSet;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use shelfread_domain::{ItemKind, PlayState};

use super::edit::{file, file_name};
use super::random::Random;
use super::{Object, ObjectId, Shelves, Version, World, text};

const SEASON: u64 = 10;

/// How large a world is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Size {
    /// Films.
    pub films: u64,
    /// Shows.
    pub shows: u64,
    /// Files with episodes, spread over the shows.
    pub episodes: u64,
}

impl World {
    /// The world of that seed and size; always the same one.
    pub fn generate(seed: u64, size: Size) -> Self {
        let world = Self::empty();
        let mut maker = Maker { seed, titles: HashSet::new() };
        {
            let mut shelves = world.write();
            for n in 0..size.films {
                maker.film(&mut shelves, n);
            }
            for n in 0..size.shows {
                let upto = |n| size.episodes * n / size.shows;
                maker.show(&mut shelves, n, upto(n + 1) - upto(n));
            }
        }
        world
    }
}

struct Maker {
    seed: u64,
    titles: HashSet<(String, i32)>,
}

/// The forms that a whole show may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// Begins with two specials.
    Specials,
    /// Unnumbered episodes by date.
    Dated,
    /// Season folders do not exist.
    Flat,
    /// The last episode is announced only.
    Announced,
}

impl Form {
    const fn of(n: u64) -> Self {
        match n % 20 {
            3 | 11 => Self::Specials,
            7 => Self::Dated,
            13 => Self::Flat,
            17 => Self::Announced,
            _ => Self::Plain,
        }
    }
}

impl Maker {
    /// A title and year that no other work of the world has.
    fn name(&mut self, random: &mut Random) -> (String, i32) {
        loop {
            let year = 1960 + random.below(65) as i32;
            let mut title = text::title(random);
            if random.one_in(4) {
                title += &format!(" {}", random.below(9) + 2);
            }
            if self.titles.insert((title.clone(), year)) {
                return (title, year);
            }
        }
    }

    fn film(&mut self, shelves: &mut Shelves, n: u64) {
        let mut random = Random::new(self.seed, n);
        let (title, year) = self.name(&mut random);
        let name = format!("{} ({year})", file_name(&title));
        let id = shelves.add(ItemKind::Movie, &title);
        shelves.with(id, |o| {
            self.common(o, &mut random);
            o.libraries = vec![0];
            o.year = Some(year);
            o.premiered = day(year, &mut random);
            o.runtime_seconds = Some(4_800 + random.below(4_800) as u32);
            o.provider_ids = film_ids(n);
            o.versions = film_files(&format!("/data/films/{name}/{name}"), n, id);
            o.play = random.one_in(4).then(|| played(o, &mut random));
        });
    }

    fn show(&mut self, shelves: &mut Shelves, n: u64, episodes: u64) {
        let mut random = Random::new(self.seed, n + (1 << 40));
        let (title, year) = self.name(&mut random);
        let folder = format!("/data/shows/{} ({year})", file_name(&title));
        let show = shelves.add(ItemKind::Show, &title);
        shelves.with(show, |o| {
            self.common(o, &mut random);
            o.libraries = vec![1];
            o.year = Some(year);
            o.premiered = day(year, &mut random);
            o.provider_ids = show_ids(n);
            o.folder = Some(folder.clone());
        });
        let first = NaiveDate::from_ymd_opt(year, 1, 5).unwrap_or_default();
        let show = Show { id: show, form: Form::of(n), title, folder, first, episodes };
        let mut season = None;
        for n in 0..episodes {
            let (number, episode) = show.numbers(n);
            if season.is_none_or(|(known, _)| known != number) {
                season = Some((number, self.season(shelves, &show, number)));
            }
            if let Some((_, season)) = season {
                self.episode(shelves, &show, season, (number, episode), n);
            }
        }
    }

    fn season(&self, shelves: &mut Shelves, show: &Show, number: i32) -> ObjectId {
        let name = if number == 0 { "Specials".into() } else { format!("Season {number}") };
        let id = shelves.add(ItemKind::Season, &name);
        shelves.with(id, |o| {
            self.common(o, &mut Random::new(self.seed, u64::from(id.0)));
            o.overview = super::Overview::None;
            o.show = Some(show.id);
            o.season_number = Some(number);
            o.folder = show.season_folder(number);
        })
    }

    fn episode(
        &self,
        shelves: &mut Shelves,
        show: &Show,
        season: ObjectId,
        (number, episode): (i32, i32),
        n: u64,
    ) {
        let mut random = Random::new(self.seed, u64::from(season.0) << 20 | n);
        let aired = show.first.checked_add_days(Days::new(n * 7));
        let id = shelves.add(ItemKind::Episode, &text::episode_title(&mut random));
        shelves.with(id, |o| {
            self.common(o, &mut random);
            o.show = Some(show.id);
            o.season = Some(season);
            o.season_number = Some(number);
            o.premiered = aired;
            o.year = aired.map(|d| chrono::Datelike::year(&d));
            o.runtime_seconds = Some(1_200 + random.below(2_400) as u32);
            if show.form != Form::Dated {
                o.episode_number = Some(episode);
                o.episode_end = (show.doubles() && n % SEASON == 9).then_some(episode + 1);
            }
            if !random.one_in(25) {
                o.provider_ids = vec![("Tvdb", (5_000_000 + id.0).to_string())];
            }
            if show.form != Form::Announced || n + 1 < show.episodes {
                o.versions = vec![file(show.file(o), id)];
                o.play = (n < show.episodes / 3).then(|| played(o, &mut random));
            }
        });
    }

    fn common(&self, object: &mut Object, random: &mut Random) {
        let minutes = i64::from(object.id.0) * 7 + i64::from(self.seed as u16 % 1000);
        let at =
            DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(18_300) + TimeDelta::minutes(minutes);
        object.overview = super::Overview::Made(random.next());
        (object.added_at, object.saved_at, object.play_saved_at) = (at, at, at);
    }
}

struct Show {
    id: ObjectId,
    form: Form,
    title: String,
    folder: String,
    first: NaiveDate,
    episodes: u64,
}

impl Show {
    /// Season and number of the `n`th episode.
    const fn numbers(&self, n: u64) -> (i32, i32) {
        let n = match self.form {
            Form::Specials if n < 2 => return (0, n as i32 + 1),
            Form::Specials => n - 2,
            _ => n,
        };
        ((n / SEASON) as i32 + 1, (n % SEASON) as i32 + 1)
    }

    /// Whether the last file of each season holds two episodes.
    const fn doubles(&self) -> bool {
        self.id.0.is_multiple_of(8) && matches!(self.form, Form::Plain)
    }

    fn season_folder(&self, number: i32) -> Option<String> {
        (self.form != Form::Flat).then(|| format!("{}/Season {number:02}", self.folder))
    }

    fn file(&self, o: &Object) -> String {
        let season = o.season_number.unwrap_or(0);
        let folder = self.season_folder(season).unwrap_or_else(|| self.folder.clone());
        let number = match (o.episode_number, o.episode_end, o.premiered) {
            (Some(first), Some(last), _) => format!("S{season:02}E{first:02}-E{last:02}"),
            (Some(first), None, _) => format!("S{season:02}E{first:02}"),
            (None, _, Some(date)) => date.to_string(),
            (None, _, None) => o.title.clone(),
        };
        format!("{folder}/{} - {number}.mkv", file_name(&self.title))
    }
}

fn day(year: i32, random: &mut Random) -> Option<NaiveDate> {
    NaiveDate::from_yo_opt(year, random.below(365) as u32 + 1)
}

/// Some films have one id, some none.
fn film_ids(n: u64) -> Vec<(&'static str, String)> {
    let imdb = ("Imdb", format!("tt{}", 1_000_000 + n));
    match n % 50 {
        49 => Vec::new(),
        19 => vec![imdb],
        _ => vec![("Tmdb", (1_000 + n).to_string()), imdb],
    }
}

/// The `Tmdb` numbers of shows are those of films too, and mean other works.
fn show_ids(n: u64) -> Vec<(&'static str, String)> {
    let tvdb = ("Tvdb", (70_000 + n).to_string());
    match n % 50 {
        49 => Vec::new(),
        19 => vec![tvdb],
        _ => {
            vec![tvdb, ("Tmdb", (1_000 + n).to_string()), ("Imdb", format!("tt{}", 5_000_000 + n))]
        }
    }
}

fn film_files(stem: &str, n: u64, id: ObjectId) -> Vec<Version> {
    let hd = file(format!("{stem}.mkv"), id);
    if n % 15 != 14 {
        return vec![hd];
    }
    let uhd = Version { path: format!("{stem} - 2160p.mkv"), size: hd.size * 4 };
    vec![Version { path: format!("{stem} - 1080p.mkv"), ..hd }, uhd]
}

/// Seen once, or left off in the middle.
fn played(o: &Object, random: &mut Random) -> PlayState {
    let last = o.added_at + TimeDelta::days(random.below(300) as i64 + 1);
    if random.one_in(6) {
        let position_seconds = i64::from(o.runtime_seconds.unwrap_or(0)) / 3;
        return PlayState { position_seconds, last_played_at: Some(last), ..PlayState::default() };
    }
    let play_count = random.below(2) as i32 + 1;
    PlayState { played: true, play_count, last_played_at: Some(last), ..PlayState::default() }
}
