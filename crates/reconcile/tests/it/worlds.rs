//! Worlds for the properties: what libraries might list. *Wild* ones are made of few titles, ids,
//! files and numbers, so that everything collides with everything; *tame* ones are what a person
//! has, where every work can be told from every other.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use shelfread_domain::{
    Existing, ExternalId, Facts, FileRef, ItemKind, Observation, PlayState, Provider, RemoteId,
};

use crate::shelf::{Reach, Sync};

const LIBRARIES: [&str; 3] = ["den", "den/kids", "loft"];

/// Some syncs of some libraries that list anything.
pub fn wild_syncs() -> impl Strategy<Value = Vec<Sync>> {
    vec(wild_sync(), 1..6)
}

fn wild_sync() -> impl Strategy<Value = Sync> {
    let reach =
        prop_oneof![3 => Just(Reach::Full), 1 => Just(Reach::Partial), 1 => Just(Reach::Quick)];
    let existing = prop_oneof![
        6 => Just(Existing::Update),
        1 => Just(Existing::Fill),
        1 => Just(Existing::Skip),
    ];
    let listed = (vec(wild_observation(), 0..14), 0..14_usize);
    (select(&LIBRARIES[..]), reach, existing, prop::bool::weighted(0.2), listed).prop_map(
        |(library, reach, existing, rebuilt, (mut all, cut))| {
            all.sort_by_key(|o| o.kind.level());
            let mut met = HashSet::new();
            all.retain(|o| met.insert((o.remote_id.clone(), o.part)));
            let shows = all.iter().filter(|o| o.kind == ItemKind::Show);
            let shows: HashSet<_> = shows.map(|o| o.remote_id.clone()).collect();
            all.retain(|o| o.parent.as_ref().is_none_or(|show| shows.contains(show)));
            let rest = all.split_off(cut.min(all.len()));
            Sync { library: library.to_owned(), reach, existing, rebuilt, pages: vec![all, rest] }
        },
    )
}

fn wild_observation() -> impl Strategy<Value = Observation> {
    use ItemKind::{Episode, Movie, Season, Show};
    let kind =
        prop_oneof![3 => Just(Movie), 2 => Just(Show), 1 => Just(Season), 4 => Just(Episode)];
    let identity = (kind, 0..4_u8, prop::bool::weighted(0.1), 0..2_u8, weighted(0.1, 1..2_u16));
    (identity, wild_facts(), of(play())).prop_map(
        |((kind, number, shared, show, part), mut facts, play)| {
            // Now and then an id that other kinds use as well.
            let letter = match kind {
                _ if shared => "x",
                Movie => "m",
                Show => "s",
                Season => "r",
                Episode => "e",
            };
            let mut o = Observation::new(format!("{letter}{number}"), kind);
            if kind.is_top() {
                facts.season_number = None;
                (facts.episode_number, facts.absolute_number) = (None, None);
            } else {
                o.parent = Some(RemoteId(format!("s{show}")));
                facts.external_ids.clear();
            }
            if kind == Season {
                facts.episode_number = None;
            }
            o.part = part.filter(|_| kind == Episode).unwrap_or(0);
            o.anchor = facts
                .files
                .first()
                .cloned()
                .map(|f| FileRef { modified: chrono::DateTime::from_timestamp(5, 0), ..f });
            Observation { facts, play, ..o }.normalize().unwrap()
        },
    )
}

fn wild_facts() -> impl Strategy<Value = Facts> {
    let text = |texts: &'static [&'static str]| of(select(texts).prop_map(str::to_owned));
    let ids = vec(
        (select(&[Provider::Tmdb, Provider::Imdb][..]), 1..4_u8).prop_map(|(provider, n)| {
            let prefix = if provider == Provider::Imdb { "tt" } else { "" };
            ExternalId::new(provider, &format!("{prefix}{n}")).unwrap()
        }),
        0..3,
    );
    let file = weighted(0.4, (select(&["a", "b"][..]), select(&["1", "2"][..])));
    let numbers = (weighted(0.8, 0..3_i32), weighted(0.8, 1..4_i32), weighted(0.2, 1..3_i32));
    let date = weighted(0.3, 1..4_u32);
    let shown =
        (text(&["A", "B", "The A"]), of(2000..2002), text(&["x", "y"]), text(&["/p", "/q"]));
    (shown, ids, file, numbers, date).prop_map(
        |((title, year, overview, poster_url), external_ids, file, numbers, date)| Facts {
            title,
            year,
            overview,
            poster_url,
            external_ids,
            season_number: numbers.0,
            episode_number: numbers.1,
            absolute_number: numbers.2,
            air_date: date.and_then(|day| chrono::NaiveDate::from_ymd_opt(2020, 1, day)),
            files: file
                .map(|(folder, name)| FileRef::new(format!("{folder}/{name}"), Some(7)))
                .into_iter()
                .collect(),
            ..Facts::default()
        },
    )
}

/// A play state.
pub fn play() -> impl Strategy<Value = PlayState> {
    (any::<bool>(), 0..3_i64, weighted(0.8, 1..4_i64)).prop_map(|(played, at, day)| PlayState {
        position_seconds: at,
        played,
        play_count: i32::from(played),
        last_played_at: day.and_then(|d| chrono::DateTime::from_timestamp(d * 86_400, 0)),
        carried: false,
    })
}

/// How a film, season or episode is told from all others.
#[derive(Clone, Copy, Debug)]
struct Marks {
    ids: bool,
    file: bool,
}

/// A library in which everything can be told from everything else: films with ids, files or a title
/// of their own, shows with numbered seasons and episodes, extras with files. Children follow their
/// show.
pub fn tame_library() -> impl Strategy<Value = Vec<Observation>> {
    let marks = || (any::<bool>(), any::<bool>()).prop_map(|(ids, file)| Marks { ids, file });
    let films = vec((marks(), of(play())), 0..6);
    let show = (marks(), vec((marks(), of(play())), 0..8), 0..3_usize);
    (films, vec(show, 0..4)).prop_map(|(films, shows)| {
        let mut all = Vec::new();
        for (n, (marks, play)) in films.into_iter().enumerate() {
            let film = marked(ItemKind::Movie, n, marks);
            all.push(Observation { play, ..film });
        }
        for (n, (marks, episodes, extras)) in shows.into_iter().enumerate() {
            let show = marked(ItemKind::Show, n, Marks { file: false, ..marks });
            let id = show.remote_id.clone();
            all.push(show);
            all.extend(children(n, &id, episodes, extras));
        }
        all
    })
}

fn children(
    show: usize,
    id: &RemoteId,
    episodes: Vec<(Marks, Option<PlayState>)>,
    extras: usize,
) -> Vec<Observation> {
    let mut all = Vec::new();
    for (n, (marks, play)) in episodes.into_iter().enumerate() {
        let (season, number) = (n / 4, n % 4 + 1);
        if number == 1 {
            let unmarked = Marks { ids: false, file: false };
            let mut o = marked(ItemKind::Season, show * 100 + season, unmarked);
            o.facts.season_number = i32::try_from(season).ok();
            all.push(Observation { parent: Some(id.clone()), ..o });
        }
        let mut o = marked(ItemKind::Episode, show * 100 + n, Marks { ids: false, ..marks });
        o.facts.season_number = i32::try_from(season).ok();
        o.facts.episode_number = i32::try_from(number).ok();
        all.push(Observation { parent: Some(id.clone()), play, ..o });
    }
    for n in 0..extras {
        let o = marked(ItemKind::Episode, show * 100 + 90 + n, Marks { ids: false, file: true });
        all.push(Observation { parent: Some(id.clone()), ..o });
    }
    all
}

fn marked(kind: ItemKind, n: usize, marks: Marks) -> Observation {
    let mut o = Observation::new(format!("{kind} {n}"), kind);
    o.facts.title = Some(format!("{kind} {n}"));
    o.facts.year = Some(2000);
    if marks.ids {
        o.facts.external_ids.extend(ExternalId::new(Provider::Tmdb, &(n + 1).to_string()));
    }
    if marks.file {
        o.facts.files.push(FileRef::new(format!("{kind} {n}/file.mkv"), Some(7)));
    }
    o
}
