//! Sonarr: a list of series with their seasons and statistics, and the episodes of each.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SecondsFormat, Utc};
use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use shelfread_domain::ItemKind;
use shelfread_domain::text::sort_title;

use super::{Answered, Talk, check, images, moment, not_found, number, refused, text, whole};
use crate::server::message::{Answer, Reply, Request, Window, garbled};
use crate::server::site::Site;
use crate::world::{Object, ObjectId, Shelves};

/// The episodes of one file are far apart in the world's ids, and near each other in Sonarr's.
const PART: u32 = 1 << 27;
const PART_KEY: u64 = 1_000_000_000;

pub(super) fn route(talk: &Talk, request: &Request, path: &[&str], site: &mut Site) -> Answered {
    match (&request.method, path) {
        (&Method::GET, ["series"]) => all_series(talk, request, site),
        (&Method::GET, ["series", id]) => {
            let show = show(id, site)?;
            let shelves = site.world.read();
            Ok(Answer::json(&series(talk, &show, &counts(&shelves), site)).into())
        }
        (&Method::DELETE, ["series", id]) => {
            check(request, &["deleteFiles", "addImportListExclusion"])?;
            let show = show(id, site)?;
            site.world.remove(show.id);
            Ok(Answer::json(&json!({})).into())
        }
        (&Method::PUT, ["episode", "monitor"]) => monitor(request, site),
        (&Method::DELETE, ["episodefile", id]) => {
            let episode = found(id, ItemKind::Episode, site)?;
            site.world.edit(episode.id, |o| o.versions.clear());
            Ok(Answer::json(&json!({})).into())
        }
        (&Method::GET, ["episode"]) => episodes(talk, request, site),
        (&Method::GET, ["episodefile"]) => files(request, site),
        (&Method::GET, ["history", "since"]) => history(request, site),
        (&Method::GET, _) => Err(not_found()),
        _ => Err(refused(405, "MethodNotAllowed")),
    }
}

fn show(id: &str, site: &mut Site) -> Result<Object, Answer> {
    found(id, ItemKind::Show, site)
}

fn found(id: &str, kind: ItemKind, site: &mut Site) -> Result<Object, Answer> {
    let object = site.object(id).and_then(|id| site.world.get(id));
    object.filter(|o| o.kind == kind).ok_or_else(not_found)
}

/// What the body of `/episode/monitor` may say.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Monitor {
    episode_ids: Vec<u64>,
    monitored: bool,
}

/// Looks for episodes, or no longer.
fn monitor(request: &Request, site: &mut Site) -> Answered {
    let said = serde_json::from_slice::<Monitor>(&request.body);
    let said = said.map_err(|error| refused(400, &error.to_string()))?;
    for id in said.episode_ids {
        let episode = found(&(id % PART_KEY).to_string(), ItemKind::Episode, site)?;
        site.world.edit(episode.id, |o| o.unmonitored = !said.monitored);
    }
    Ok(Reply::Done(Answer { status: 202, ..Answer::json(&json!({})) }))
}

fn id(o: &Object, site: &Site) -> u64 {
    site.id(o).parse().unwrap_or(0)
}

fn all_series(talk: &Talk, request: &Request, site: &Site) -> Answered {
    check(request, &["tvdbId", "includeSeasonImages"])?;
    let wanted = request.param("tvdbId").map(|id| id.parse().unwrap_or(0));
    let fits =
        |o: &&Object| o.kind == ItemKind::Show && wanted.is_none_or(|id| number(o, "Tvdb") == id);
    let all: Vec<ObjectId> = site.world.read().all().filter(fits).map(|o| o.id).collect();
    let talk = talk.clone();
    let render = move |window: &Window, site: &Site| {
        let shelves = site.world.read();
        let counts = counts(&shelves);
        let show = |id: &ObjectId| Some(series(&talk, shelves.get(*id)?, &counts, site));
        rendered(window, show)
    };
    Ok(whole(all, Box::new(render)))
}

fn rendered(window: &Window, value: impl Fn(&ObjectId) -> Option<Value>) -> Vec<u8> {
    let objects = window.objects.iter().enumerate();
    let values = objects.filter_map(|(place, id)| {
        let value = value(id)?;
        Some(if window.garbled == Some(place) { garbled(value) } else { value })
    });
    Value::from(values.collect::<Vec<_>>()).to_string().into_bytes()
}

/// How many episodes each season of each show has.
type Counts = HashMap<Option<ObjectId>, BTreeMap<i32, u64>>;

fn counts(shelves: &Shelves) -> Counts {
    let mut counts = Counts::new();
    for o in shelves.all().filter(|o| o.kind == ItemKind::Episode) {
        let seasons = counts.entry(o.show).or_default();
        *seasons.entry(o.season_number.unwrap_or(0)).or_default() += o.parts();
    }
    counts
}

fn series(talk: &Talk, o: &Object, counts: &Counts, site: &Site) -> Value {
    let counts = counts.get(&Some(o.id)).cloned().unwrap_or_default();
    let statistics = |total: u64| json!({"totalEpisodeCount": total, "percentOfEpisodes": 0.0});
    let seasons = counts.iter().map(|(number, total)| {
        json!({"seasonNumber": number, "monitored": true, "statistics": statistics(*total)})
    });
    let mut series = json!({
        "id": id(o, site),
        "title": o.title,
        "sortTitle": sort_title(&o.title),
        "overview": o.overview.text(),
        "status": "continuing",
        "seasons": seasons.collect::<Vec<_>>(),
        "year": o.year.unwrap_or(0),
        "firstAired": moment(o.premiered),
        "images": images(o),
        "path": o.folder,
        "monitored": talk.is_monitored(o),
        "tvdbId": number(o, "Tvdb"),
        "tmdbId": number(o, "Tmdb"),
        "tvMazeId": 0,
        "imdbId": text(o, "Imdb").unwrap_or(""),
        "titleSlug": sort_title(&o.title).replace(' ', "-"),
        "added": o.added_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    });
    let total: u64 = counts.values().sum();
    if total > 0 {
        series["statistics"] = statistics(total);
    }
    series
}

/// The show whose episodes or files are asked for.
fn of_series(request: &Request, known: &[&str], site: &mut Site) -> Result<Object, Answer> {
    check(request, known)?;
    let id = request.param("seriesId");
    let id = id.ok_or_else(|| refused(400, "seriesId or episodeIds must be provided"))?;
    show(id, site)
}

fn episodes(talk: &Talk, request: &Request, site: &mut Site) -> Answered {
    let show = of_series(request, &["seriesId", "includeEpisodeFile"], site)?;
    let with_file = request.param("includeEpisodeFile") == Some("true") && !talk.early;
    let shelves = site.world.read();
    let all = shelves.all().filter(|o| o.kind == ItemKind::Episode && o.show == Some(show.id));
    let parts = all.flat_map(|o| (0..o.parts() as u32).map(|n| ObjectId(o.id.0 + n * PART)));
    let all: Vec<_> = parts.collect();
    drop(shelves);
    let (talk, series) = (talk.clone(), id(&show, site));
    let render = move |window: &Window, site: &Site| {
        let shelves = site.world.read();
        let shown = Shown { talk: &talk, series, with_file };
        rendered(window, |item| {
            let o = shelves.get(ObjectId(item.0 % PART))?;
            Some(episode(&shown, o, item.0 / PART, &shelves, site))
        })
    };
    Ok(whole(all, Box::new(render)))
}

/// How the episodes of a series are shown.
struct Shown<'a> {
    talk: &'a Talk,
    series: u64,
    with_file: bool,
}

/// Where an episode stands in its season by date: Sonarr numbers those too that have only a day.
fn place(o: &Object, shelves: &Shelves) -> i32 {
    let earlier = |e: &&Object| {
        e.show == o.show
            && e.kind == o.kind
            && e.season_number == o.season_number
            && (e.premiered, e.id) <= (o.premiered, o.id)
    };
    shelves.all().filter(earlier).count() as i32
}

fn episode(show: &Shown<'_>, o: &Object, part: u32, shelves: &Shelves, site: &Site) -> Value {
    let place = match o.episode_number {
        Some(number) => number,
        None => place(o, shelves),
    };
    let own = |number: u64| if part == 0 { number } else { 0 };
    let mut episode = json!({
        "id": id(o, site) + u64::from(part) * PART_KEY,
        "seriesId": show.series,
        "tvdbId": own(number(o, "Tvdb")),
        "seasonNumber": o.season_number.unwrap_or(0),
        "episodeNumber": place + part as i32,
        "title": o.title,
        "overview": o.overview.text(),
        "airDateUtc": moment(o.premiered),
        "runtime": o.runtime_seconds.unwrap_or(0) / 60,
        "monitored": show.talk.is_monitored(o),
        "hasFile": !o.versions.is_empty(),
        "episodeFileId": if o.versions.is_empty() { 0 } else { id(o, site) },
        "unverifiedSceneNumbering": false,
    });
    if let Some(day) = o.premiered {
        episode["airDate"] = json!(day.to_string());
    }
    if let Some(file) = file(o, show.series, site).filter(|_| show.with_file) {
        episode["episodeFile"] = file;
    }
    episode
}

fn file(o: &Object, series: u64, site: &Site) -> Option<Value> {
    let file = o.versions.first()?;
    Some(json!({"id": id(o, site), "seriesId": series, "path": file.path, "size": file.size,
        "relativePath": file.path.rsplit('/').next(), "quality": {"quality": {"id": 3}}}))
}

fn files(request: &Request, site: &mut Site) -> Answered {
    let show = of_series(request, &["seriesId"], site)?;
    let shelves = site.world.read();
    let all = shelves.all().filter(|o| o.kind == ItemKind::Episode && o.show == Some(show.id));
    let series = id(&show, site);
    let files: Vec<_> = all.filter_map(|o| file(o, series, site)).collect();
    Ok(Answer::json(&files).into())
}

/// What was imported or changed since then.
fn history(request: &Request, site: &Site) -> Answered {
    check(request, &["date", "eventType", "includeSeries", "includeEpisode"])?;
    let date = request.param("date").and_then(|date| date.parse::<DateTime<Utc>>().ok());
    let date = date.ok_or_else(|| refused(400, "date is no moment"))?;
    let shelves = site.world.read();
    let recent = shelves.all().filter(|o| o.kind == ItemKind::Episode && o.saved_at >= date);
    let line = |o: &Object| {
        let show = o.show.and_then(|show| shelves.get(show));
        json!({"id": id(o, site), "episodeId": id(o, site), "seriesId": show.map(|s| id(s, site)),
            "date": o.saved_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "eventType": "downloadFolderImported", "data": {}})
    };
    let lines: Vec<_> = recent.map(line).collect();
    Ok(Reply::Done(Answer::json(&lines)))
}
