//! Which episodes a video file holds: from its name, the season of its folder and its NFO.

use chrono::NaiveDate;
use shelfread_domain::release::ReleaseName;

use crate::nfo::{Nfo, Root};

/// One episode in a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Slot<'a> {
    pub season: Option<i32>,
    pub episode: Option<i32>,
    pub absolute: Option<i32>,
    pub date: Option<NaiveDate>,
    /// What the NFO says of it.
    pub nfo: Option<&'a Nfo>,
}

/// The episodes of a file, at least one. `name` has taken in the season of its folder already
/// ([`ReleaseName::settle_season`]); a description with numbers overrules the name.
pub(crate) fn slots<'a>(name: &ReleaseName, nfos: &'a [Nfo]) -> Vec<Slot<'a>> {
    let nfos: Vec<&Nfo> = nfos.iter().filter(|n| n.root == Root::Episode).collect();
    let mut slots = by_name(name);
    let numbered = nfos.iter().all(|nfo| nfo.season.is_some() && nfo.episode.is_some());
    if !nfos.is_empty() && numbered && nfos.len() >= slots.len() {
        let absolute = |at: usize| {
            slots.get(at).and_then(|s| s.absolute).filter(|_| nfos.len() == slots.len())
        };
        let described = |(at, nfo): (usize, &&'a Nfo)| Slot {
            season: nfo.season,
            episode: nfo.episode,
            absolute: absolute(at),
            date: None,
            nfo: Some(nfo),
        };
        return nfos.iter().enumerate().map(described).collect();
    }
    let single = slots.len() == 1;
    for slot in &mut slots {
        let same = |nfo: &&&'a Nfo| nfo.episode.is_some() && nfo.episode == slot.episode;
        slot.nfo = nfos.iter().find(same).or(nfos.first().filter(|_| single)).copied();
    }
    slots
}

fn by_name<'a>(name: &ReleaseName) -> Vec<Slot<'a>> {
    let numbered = |season, episode: &i32, absolute| Slot {
        season,
        episode: Some(*episode),
        absolute,
        date: name.air_date,
        nfo: None,
    };
    let season = name.season.or(Some(1));
    if !name.episodes.is_empty() {
        return name.episodes.iter().map(|e| numbered(season, e, None)).collect();
    }
    if !name.absolute.is_empty() {
        return name.absolute.iter().map(|n| numbered(season, n, Some(*n))).collect();
    }
    let season = name.season.or(name.special.then_some(0));
    vec![Slot { season, date: name.air_date, ..Slot::default() }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use shelfread_domain::release::Expect;

    fn numbers(file: &str, season: Option<i32>, nfo: &str) -> Vec<(Option<i32>, Option<i32>)> {
        let mut name = ReleaseName::parse_as(file, Expect::Episode);
        name.settle_season(season);
        let nfos = crate::nfo::parse(nfo.as_bytes());
        slots(&name, &nfos).iter().map(|s| (s.season, s.episode)).collect()
    }

    fn described(season: i32, episode: i32) -> String {
        format!(
            "<episodedetails><season>{season}</season><episode>{episode}</episode></episodedetails>"
        )
    }

    #[test]
    fn names_and_folders() {
        let some = |s, e| vec![(Some(s), Some(e))];
        assert_eq!(numbers("Show S02E05", Some(1), ""), some(2, 5));
        assert_eq!(numbers("05 - Title", Some(2), ""), some(2, 5));
        assert_eq!(numbers("205", Some(2), ""), some(2, 5));
        assert_eq!(numbers("Show - 1089", None, ""), some(1, 1089));
        assert_eq!(numbers("Show - 1089", Some(21), ""), some(21, 1089));
        assert_eq!(numbers("Title", Some(0), ""), [(Some(0), None)]);
        assert_eq!(numbers("Show 2024-03-12", Some(2024), ""), [(Some(2024), None)]);
        assert_eq!(numbers("Show S01E01-E03", None, "").len(), 3);
    }

    #[test]
    fn descriptions_overrule_names() {
        assert_eq!(numbers("Show S01E05", None, &described(3, 7)), [(Some(3), Some(7))]);
        let both = described(1, 1) + &described(1, 2);
        assert_eq!(numbers("Show S01E01-E02", None, &both).len(), 2);
        assert_eq!(numbers("Show S01E01", None, &both).len(), 2);
        let kept = numbers("Show S01E01-E03", None, &described(1, 1));
        assert_eq!(
            kept.len(),
            3,
            "a file of three with the description of one stays a file of three"
        );
    }
}
