//! Item: what it is, who says so, what a person decided about it, and what happened to it. The
//! forms that change it are in `correct`.

use askama::Template;
use axum::extract::{Path, Query};
use axum::routing::get;
use serde::Deserialize;
use serde_json::Value;
use shelfread_app::App;
use shelfread_app::items::ItemShown;
use shelfread_app::rows::{EpisodeRow, ItemDetail, ListingDetail, SeasonRow};
use shelfread_app::timeline::Past;
use shelfread_domain::{ExternalId, Field, ItemId, ItemKind, Provider};

use super::layout::{Oops, Seen, Shell, Visit};
use super::story::{self, Line};
use super::{assets, parts};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new().route("/items/{id}", get(show))
}

/// Episodes of a season that are shown at once: daily shows have hundreds.
const EPISODES: u64 = 2_000;
/// Lines of the timeline.
const LINES: u64 = 40;
/// Files of a listing that are named.
const FILES: usize = 20;

/// The item that an address names.
pub fn item_id(text: &str) -> Result<ItemId, Oops> {
    text.parse().map_err(|_| Oops::missing("There is no such item."))
}

#[derive(Deserialize)]
struct Asked {
    /// Which season is open: a number, or `none` for what has none.
    season: Option<String>,
}

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage {
    shell: Shell,
    detail: ItemDetail,
    title: String,
    meta: Vec<String>,
    ids: Vec<OutwardId>,
    rows: Vec<FieldRow>,
    listings: Vec<Listed>,
    plays: Vec<Play>,
    seasons: Vec<SeasonRow>,
    open: Option<Option<i32>>,
    episodes: Vec<EpisodeRow>,
    lines: Vec<Line>,
}

/// An external id with the page that it leads to.
struct OutwardId {
    text: String,
    href: Option<String>,
}

/// A field: what is shown, who says so, and what each listing says.
struct FieldRow {
    label: &'static str,
    shown: Option<String>,
    origin: String,
    is_person: bool,
    said: Vec<Option<String>>,
}

/// Where an item is listed.
struct Listed {
    detail: ListingDetail,
    link: Option<String>,
    files: Vec<(String, Option<u64>)>,
    more_files: usize,
}

/// What somebody saw of an item.
struct Play {
    who: String,
    what: String,
    at: Option<chrono::DateTime<chrono::Utc>>,
}

async fn show(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Seen {
    let app = &visit.web.app;
    let id = item_id(&id)?;
    let shown = app.item(id).await?;
    let (seasons, open, episodes) = family(app, &shown.detail, asked.season.as_deref()).await?;
    let plays = plays(app, &shown.detail).await?;
    let lines = timeline(app, id).await?;
    let rows = rows(&shown);
    let listings = listings(&shown);
    let detail = shown.detail;
    let page = ItemPage {
        shell: visit.shell.clone(),
        title: detail.item.fields.title.clone().unwrap_or_default(),
        meta: meta(&detail),
        ids: detail.external_ids.iter().map(|id| outward(id, detail.item.kind)).collect(),
        rows,
        listings,
        plays,
        seasons,
        open,
        episodes,
        lines,
        detail,
    };
    visit.show(&page)
}

impl ItemPage {
    fn has_poster(&self) -> bool {
        self.detail.item.fields.poster_url.is_some()
    }

    fn auto_download(&self) -> bool {
        self.detail.settings.as_ref().is_some_and(|s| s.auto_download)
    }

    /// Whether a season is the one that is open.
    fn is_open(&self, season: &SeasonRow) -> bool {
        self.open == Some(season.number)
    }
}

/// The seasons of a show, and the episodes of the one that is open; of a season its own.
async fn family(
    app: &App,
    detail: &ItemDetail,
    asked: Option<&str>,
) -> Result<(Vec<SeasonRow>, Option<Option<i32>>, Vec<EpisodeRow>), Oops> {
    let store = app.store();
    let item = &detail.item;
    if let (ItemKind::Season, Some(show)) = (item.kind, item.parent_id) {
        let episodes = store.episodes(show, item.season_number, EPISODES).await?;
        return Ok((Vec::new(), None, episodes));
    }
    if item.kind != ItemKind::Show {
        return Ok((Vec::new(), None, Vec::new()));
    }
    let seasons = store.seasons(item.id).await?;
    let wanted = asked.map(|text| text.parse::<i32>().ok());
    let first = seasons.iter().find(|s| s.number != Some(0)).or(seasons.first());
    let open = wanted.or_else(|| first.map(|s| s.number));
    let episodes = match open {
        Some(number) => store.episodes(item.id, number, EPISODES).await?,
        None => Vec::new(),
    };
    Ok((seasons, open, episodes))
}

async fn plays(app: &App, detail: &ItemDetail) -> Result<Vec<Play>, Oops> {
    if detail.progress.is_empty() {
        return Ok(Vec::new());
    }
    let viewers = app.store().viewers().await?;
    let named = |progress: &shelfread_domain::ProgressRecord| {
        let viewer = viewers.iter().find(|v| v.id == progress.viewer_id);
        let who = viewer.map_or_else(String::new, |v| format!("{} on {}", v.name, v.source));
        let state = &progress.state;
        let position = state.position_seconds.max(0).unsigned_abs();
        let what = match (state.played, position) {
            (true, _) => parts::counted(
                &u64::from(state.play_count.max(1).unsigned_abs()),
                "time seen",
                "times seen",
            ),
            (false, 0) => "not seen".to_owned(),
            (false, seconds) => format!("stopped at {}", parts::span(&seconds)),
        };
        Play { who, what, at: state.last_played_at }
    };
    Ok(detail.progress.iter().map(named).collect())
}

async fn timeline(app: &App, id: ItemId) -> Result<Vec<Line>, Oops> {
    let line = |past: &Past| match past {
        Past::Change(change) => story::of_change(change),
        Past::Event(event) => story::of_event(event),
    };
    Ok(app.timeline(id, None, LINES).await?.past.iter().map(line).collect())
}

/// What stands below a title.
fn meta(detail: &ItemDetail) -> Vec<String> {
    let item = &detail.item;
    let fields = &item.fields;
    let place = match (item.season_number, item.episode_number) {
        (Some(season), Some(episode)) => Some(format!("season {season}, episode {episode}")),
        (Some(0), None) if item.kind == ItemKind::Season => Some("specials".to_owned()),
        (Some(season), None) => Some(format!("season {season}")),
        _ => None,
    };
    let runtime = fields.runtime_seconds.map(|s| parts::span(&s.max(0).unsigned_abs()));
    let year = fields.year.map(|year| year.to_string());
    let aired = fields.air_date.as_ref().map(parts::day);
    let absolute = item.absolute_number.map(|n| format!("number {n} of all"));
    [place, year, aired, runtime, absolute].into_iter().flatten().collect()
}

fn outward(id: &ExternalId, kind: ItemKind) -> OutwardId {
    let (value, is_movie) = (parts::encoded(id.value()), kind == ItemKind::Movie);
    let href = match (&id.provider, is_movie) {
        (Provider::Imdb, _) => Some(format!("https://www.imdb.com/title/{value}/")),
        (Provider::Tmdb, true) => Some(format!("https://www.themoviedb.org/movie/{value}")),
        (Provider::Tmdb, false) => Some(format!("https://www.themoviedb.org/tv/{value}")),
        (Provider::Tvdb, true) => Some(format!("https://thetvdb.com/dereferrer/movie/{value}")),
        (Provider::Tvdb, false) => Some(format!("https://thetvdb.com/dereferrer/series/{value}")),
        _ => None,
    };
    OutwardId { text: id.to_string(), href }
}

/// What each field shows, who says so, and what every listing says.
fn rows(shown: &ItemShown) -> Vec<FieldRow> {
    const FIELDS: [(Field, &str); 7] = [
        (Field::Title, "Title"),
        (Field::SortTitle, "Sorted by"),
        (Field::Year, "Year"),
        (Field::AirDate, "Aired"),
        (Field::RuntimeSeconds, "Length"),
        (Field::Overview, "Overview"),
        (Field::PosterUrl, "Poster"),
    ];
    let view = shown.view();
    let row = |(field, label): (Field, &'static str)| {
        let told = view.fields.get(field.as_str());
        let origin = told.and_then(|told| told.origin.clone()).unwrap_or_default();
        let facts = |l: &ListingDetail| said(field, l);
        FieldRow {
            label,
            shown: shown.detail.item.fields.get(field).map(|text| readable(field, &text)),
            is_person: origin == "a person",
            origin,
            said: shown.detail.listings.iter().map(facts).collect(),
        }
    };
    let is_said = |row: &FieldRow| {
        row.shown.is_some() || row.is_person || row.said.iter().any(Option::is_some)
    };
    FIELDS.into_iter().map(row).filter(is_said).collect()
}

fn said(field: Field, listing: &ListingDetail) -> Option<String> {
    let facts = serde_json::to_value(&listing.listing.facts).unwrap_or_default();
    let text = match &facts[field.as_str()] {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(readable(field, &text))
}

fn readable(field: Field, text: &str) -> String {
    match (field, text.parse::<u64>()) {
        (Field::RuntimeSeconds, Ok(seconds)) => parts::span(&seconds),
        _ => parts::cut(text),
    }
}

fn listings(shown: &ItemShown) -> Vec<Listed> {
    let all = shown.detail.listings.iter().zip(&shown.links);
    all.map(|(detail, link)| {
        let files = &detail.listing.facts.files;
        Listed {
            detail: detail.clone(),
            link: link.clone(),
            files: files.iter().take(FILES).map(|f| (f.path.clone(), f.size)).collect(),
            more_files: files.len().saturating_sub(FILES),
        }
    })
    .collect()
}
