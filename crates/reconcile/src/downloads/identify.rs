//! What a transfer is for: from its name and the names of its files to items of the catalogue.
//!
//! The rules, best first; the number is how certain the answer is, of 100:
//! 1. whoever waits for the transfer says so (Sonarr, Radarr), which needs no rule here;
//! 2. an id in the name (`{tmdb-949}`): 100;
//! 3. title and year: 95; a year that is one off: 75;
//! 4. the title of a show without a year, when no other show has it: 85; of a film: 70;
//! 5. a title that several works have, or another year: below [`THRESHOLD`], so it stays unmatched.
//!
//! Of a show the numbers decide which items: season and episode, a whole season, a date, a number
//! within the show. Numbers that the catalogue does not have yet lead to the season or the show
//! itself, which is less certain. Files say more than the name of what they are in: a pack is for
//! the episodes of its files, and a name that says nothing gives way to them.
//!
//! It deliberately does not look anything up, and never guesses among works of the same title.

use std::collections::BTreeSet;

use shelfread_domain::download::{Episode, Shelf, TransferFile, Work};
use shelfread_domain::release::{Certainty, ReleaseName, video_stem};
use shelfread_domain::text::title_key;
use shelfread_domain::{ExternalId, ItemId, ItemKind};

/// Below this a transfer is for nothing that we know.
pub const THRESHOLD: u8 = 60;

/// The most files of a transfer that are looked at.
const MOST_FILES: usize = 500;

/// What is known of a transfer by its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    release: ReleaseName,
    files: Vec<ReleaseName>,
}

/// What a transfer is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The items; empty below [`THRESHOLD`].
    pub items: Vec<ItemId>,
    /// Of 100.
    pub confidence: u8,
    /// Why these, or why none.
    pub reason: String,
}

impl Names {
    /// Reads the name of a transfer and those of its video files; samples and extras are no
    /// episodes.
    pub fn read(title: &str, files: &[TransferFile]) -> Self {
        let videos = files.iter().filter(|file| video_stem(&file.path).is_some());
        let read = |file: &TransferFile| ReleaseName::parse_path(&file.path);
        let whole = videos.filter(|file| !is_sample(&file.path)).take(MOST_FILES);
        let mut files: Vec<_> = whole.map(read).filter(|name| name.extra.is_none()).collect();
        // Beside episodes, what has no number is an extra.
        if files.iter().any(has_numbers) {
            files.retain(has_numbers);
        }
        Self { release: ReleaseName::parse(title), files }
    }

    /// The titles to look up, in normal form.
    pub fn titles(&self) -> impl Iterator<Item = String> + '_ {
        let keys: BTreeSet<_> = self.all().filter_map(key).collect();
        keys.into_iter()
    }

    /// The ids to look up.
    pub fn ids(&self) -> impl Iterator<Item = &ExternalId> {
        self.all().flat_map(|name| &name.external_ids)
    }

    /// Whether the names of its files would say more: it is a whole season, or says nothing.
    pub fn wants_files(&self) -> bool {
        self.files.is_empty() && (self.release.is_season_pack || self.release.title.is_none())
    }

    fn all(&self) -> impl Iterator<Item = &ReleaseName> {
        std::iter::once(&self.release).chain(&self.files)
    }

    /// What the transfer is for. `shelf` holds what was found for its titles and ids.
    pub fn identify(&self, shelf: &Shelf) -> Verdict {
        let by_name = one(&self.release, shelf);
        let by_files = self.by_files(shelf);
        let is_better = |files: &Answer| {
            files.confidence >= THRESHOLD
                && (files.items.len() > 1 || by_name.confidence < files.confidence)
        };
        match by_files.filter(is_better) {
            Some(files) => files.verdict(),
            None => by_name.verdict(),
        }
    }

    /// The items of all files together, as certain as the least certain of them, if they are of
    /// one work. A file without a title of its own is of the work that the transfer names.
    fn by_files(&self, shelf: &Shelf) -> Option<Answer> {
        let mut all: Option<Answer> = None;
        for name in &self.files {
            let mut name = name.clone();
            let is_poor = name.title.is_none() || one(&name, shelf).work.is_none();
            if is_poor && self.release.title.is_some() {
                name.title.clone_from(&self.release.title);
                name.year = name.year.or(self.release.year);
                name.external_ids.clone_from(&self.release.external_ids);
                name.confidence.title = self.release.confidence.title;
            }
            let answer = one(&name, shelf);
            let Some(sum) = &mut all else {
                all = Some(answer);
                continue;
            };
            if sum.work != answer.work {
                return None;
            }
            sum.items.extend(answer.items);
            sum.confidence = sum.confidence.min(answer.confidence);
        }
        let several = self.files.len() > 1;
        all.map(|mut answer| {
            if several {
                answer.reason = format!("{}; {} files", answer.reason, self.files.len());
            }
            answer
        })
    }
}

fn has_numbers(name: &ReleaseName) -> bool {
    name.confidence.numbers > Certainty::Absent
}

/// Whether a file only shows what the others are like.
fn is_sample(path: &str) -> bool {
    let path = path.to_lowercase();
    let mut parts = path.rsplit('/');
    let file = parts.next().and_then(video_stem).unwrap_or_default();
    file == "sample" || file.ends_with("-sample") || parts.any(|folder| folder == "sample")
}

fn key(name: &ReleaseName) -> Option<String> {
    name.title.as_deref().map(title_key).filter(|key| !key.is_empty())
}

/// A verdict that knows its work.
struct Answer {
    work: Option<ItemId>,
    items: BTreeSet<ItemId>,
    confidence: u8,
    reason: String,
}

impl Answer {
    fn nothing(confidence: u8, reason: impl Into<String>) -> Self {
        Self { work: None, items: BTreeSet::new(), confidence, reason: reason.into() }
    }

    fn verdict(self) -> Verdict {
        let items = if self.confidence < THRESHOLD { BTreeSet::new() } else { self.items };
        Verdict {
            items: items.into_iter().collect(),
            confidence: self.confidence,
            reason: self.reason,
        }
    }
}

/// What one name is for.
fn one(name: &ReleaseName, shelf: &Shelf) -> Answer {
    let wanted = if has_numbers(name) { ItemKind::Show } else { ItemKind::Movie };
    let (work, confidence, reason) = match work(name, wanted, shelf) {
        Ok(found) => found,
        Err(nothing) => return nothing,
    };
    let guess = u8::from(name.confidence.title == Certainty::Guess) * 15;
    let confidence = confidence - guess;
    if work.kind != ItemKind::Show {
        let items = BTreeSet::from([work.id]);
        return Answer { work: Some(work.id), items, confidence, reason };
    }
    let (items, lost, place) = places(name, work, shelf);
    Answer {
        work: Some(work.id),
        items,
        confidence: confidence.saturating_sub(lost),
        reason: format!("{reason}; {place}"),
    }
}

/// The film or show that a name means, how certain that is and why.
fn work<'s>(
    name: &ReleaseName,
    wanted: ItemKind,
    shelf: &'s Shelf,
) -> Result<(&'s Work, u8, String), Answer> {
    for id in &name.external_ids {
        let owns = |w: &&Work| w.external_ids.contains(id);
        let owners = || shelf.works.iter().filter(owns);
        if let Some(work) = owners().find(|w| w.kind == wanted).or_else(|| owners().next()) {
            return Ok((work, 100, format!("{}:{} in its name", id.provider, id.value())));
        }
    }
    let Some(key) = key(name) else { return Err(Answer::nothing(0, "its name says no title")) };
    let titled = |kind: ItemKind| {
        shelf
            .works
            .iter()
            .filter(|w| w.kind == kind && w.title_key.as_ref() == Some(&key))
            .collect()
    };
    let mut found: Vec<&Work> = titled(wanted);
    if found.is_empty() && wanted == ItemKind::Movie {
        // A whole show in one transfer has no numbers in its name.
        found = titled(ItemKind::Show);
    }
    let title = name.title.as_deref().unwrap_or_default();
    match (&found[..], name.year) {
        ([], _) => Err(Answer::nothing(0, format!("the catalogue has no {wanted} '{title}'"))),
        (all, Some(year)) => with_year(all, year, title),
        ([work], None) if work.kind == ItemKind::Show => Ok((work, 85, "title".to_owned())),
        ([work], None) => Ok((work, 70, "title, without a year".to_owned())),
        (all, None) => {
            let reason = format!("{} are named '{title}', and it says no year", all.len());
            Err(Answer::nothing(40, reason))
        }
    }
}

fn with_year<'s>(
    all: &[&'s Work],
    year: i32,
    title: &str,
) -> Result<(&'s Work, u8, String), Answer> {
    let near = |off: i32| {
        let mut fitting = all.iter().filter(|w| w.year.is_some_and(|y| (y - year).abs() == off));
        fitting.next().filter(|_| fitting.next().is_none()).copied()
    };
    if let Some(work) = near(0) {
        return Ok((work, 95, "title and year".to_owned()));
    }
    if let Some(work) = near(1) {
        return Ok((work, 75, "title, and a year that is one off".to_owned()));
    }
    if let [work] = all
        && work.year.is_none()
    {
        return Ok((work, 70, "title; the catalogue has no year".to_owned()));
    }
    // The year of a season stands where that of the show is expected.
    if let [work] = all
        && work.kind == ItemKind::Show
        && work.year.is_some_and(|y| y < year)
    {
        return Ok((work, 80, "title, and a year behind that of the show".to_owned()));
    }
    Err(Answer::nothing(30, format!("'{title}' is known, but not of {year}")))
}

/// The items of a show that the numbers of a name mean, how much less certain that is than the
/// show, and how they were found.
fn places(name: &ReleaseName, show: &Work, shelf: &Shelf) -> (BTreeSet<ItemId>, u8, String) {
    let below = || shelf.episodes.iter().filter(|e| e.show == show.id);
    let episodes = || below().filter(|e| e.kind == ItemKind::Episode);
    let ids = |fits: &dyn Fn(&&Episode) -> bool| -> BTreeSet<ItemId> {
        episodes().filter(|e| fits(e)).map(|e| e.id).collect()
    };
    let season_of = |season: i32| {
        let mut seasons = below().filter(|e| e.kind == ItemKind::Season);
        seasons.find(|e| e.season == Some(season)).map(|e| e.id)
    };
    let whole =
        |season: Option<i32>| BTreeSet::from([season.and_then(season_of).unwrap_or(show.id)]);
    if let (Some(first), true) = (name.season, name.is_season_pack) {
        let last = name.last_season.unwrap_or(first).max(first);
        let said = if last > first {
            format!("seasons {first} to {last}")
        } else {
            format!("season {first}")
        };
        let found = ids(&|e| e.season.is_some_and(|s| (first..=last).contains(&s)));
        return match found.is_empty() {
            true => (whole(Some(first)), 10, format!("{said}, no episode of it is known")),
            false => (found, 0, said),
        };
    }
    if let (Some(season), [_, ..]) = (name.season, &name.episodes[..]) {
        let found = ids(&|e| {
            e.season == Some(season) && e.episode.is_some_and(|n| name.episodes.contains(&n))
        });
        let said = format!("season {season}, episode {}", numbers(&name.episodes));
        return rest(found, whole(Some(season)), said);
    }
    if let Some(date) = name.air_date {
        return rest(ids(&|e| e.air_date == Some(date)), whole(None), format!("aired {date}"));
    }
    if let [_, ..] = &name.absolute[..] {
        let said = format!("number {}", numbers(&name.absolute));
        let found = ids(&|e| e.absolute.is_some_and(|n| name.absolute.contains(&n)));
        if !found.is_empty() {
            return (found, 0, said);
        }
        let one_season = episodes().all(|e| matches!(e.season, Some(0 | 1)));
        let first = ids(&|e| {
            one_season
                && e.season == Some(1)
                && e.episode.is_some_and(|n| name.absolute.contains(&n))
        });
        let lost = if first.is_empty() { 20 } else { 10 };
        let items = if first.is_empty() { whole(None) } else { first };
        return (items, lost, said);
    }
    let all = ids(&|_| true);
    match all.is_empty() {
        true => (whole(None), 10, "the whole show".to_owned()),
        false => (all, 10, "the whole show".to_owned()),
    }
}

/// The episodes that were found, or what stands for one that is not known yet.
fn rest(
    found: BTreeSet<ItemId>,
    instead: BTreeSet<ItemId>,
    said: String,
) -> (BTreeSet<ItemId>, u8, String) {
    match found.is_empty() {
        true => (instead, 20, format!("{said}, which the catalogue does not have yet")),
        false => (found, 0, said),
    }
}

fn numbers(all: &[i32]) -> String {
    match all {
        [first, .., last] => format!("{first} to {last}"),
        _ => all.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests;
