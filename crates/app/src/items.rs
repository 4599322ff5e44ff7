//! Items as programs and people see them: with derived status, and the origin of every field.

use chrono::DateTime;
use serde::Serialize;
use serde_json::{Map, Value, json};
use shelfread_domain::{Field, Fields, ItemId, ItemKind};
use shelfread_store::{Cursor, ItemDetail, ItemFilter, ItemSummary, ListingDetail};

use crate::App;
use crate::error::{AppError, Result};

/// One item of a list.
#[derive(Clone, Debug, Serialize)]
pub struct ItemView {
    /// Its id.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Its title.
    pub title: String,
    /// Its year.
    pub year: Option<i32>,
    /// The title of its show.
    pub show: Option<String>,
    /// The number of its season.
    pub season: Option<i32>,
    /// Its number within the season.
    pub episode: Option<i32>,
    /// `available`, `wanted`, `unmonitored` or `missing`; derived, never stored.
    pub status: &'static str,
    /// Who lists it.
    pub listings: Vec<ListingView>,
}

/// Where an item is listed.
#[derive(Clone, Debug, Serialize)]
pub struct ListingView {
    /// The source's name.
    pub source: String,
    /// The library's name.
    pub library: String,
    /// The source's id for the item.
    pub remote_id: String,
    /// 0, or the place within a file that holds several episodes.
    pub part: u16,
}

/// A page of items.
#[derive(Clone, Debug, Serialize)]
pub struct ItemPage {
    /// The items.
    pub items: Vec<ItemView>,
    /// What to ask for the next page with.
    pub next: Option<String>,
}

impl App {
    /// A page of items by title. `after` is the `next` of the page before.
    ///
    /// # Errors
    /// When `after` is no such value, or the database failed.
    pub async fn items(
        &self,
        filter: &ItemFilter,
        after: Option<&str>,
        limit: u64,
    ) -> Result<ItemPage> {
        let after = after.map(cursor).transpose()?;
        let limit = limit.clamp(1, 10_000);
        let (items, next) = self.store.items(filter, after.as_ref(), limit).await?;
        Ok(ItemPage {
            items: items.into_iter().map(view).collect(),
            next: next.map(|c| format!("{} {}", c.id, c.sort_title)),
        })
    }
}

fn cursor(text: &str) -> Result<Cursor> {
    let parsed = text.split_once(' ').and_then(|(id, title)| {
        Some(Cursor { id: id.parse().ok()?, sort_title: title.to_owned() })
    });
    parsed.ok_or_else(|| AppError::Usage(format!("'{text}' is not the `next` of a page")))
}

fn view(summary: ItemSummary) -> ItemView {
    let status = status(&summary);
    let ItemSummary { item, show, listings } = summary;
    ItemView {
        id: item.id,
        kind: item.kind,
        title: item.fields.title.unwrap_or_default(),
        year: item.fields.year,
        show,
        season: item.season_number,
        episode: item.episode_number,
        status,
        listings: listings
            .into_iter()
            .map(|l| ListingView {
                source: l.source,
                library: l.library,
                remote_id: l.remote_id,
                part: l.part,
            })
            .collect(),
    }
}

/// What an item's listings amount to: whoever has it makes it available. A media server or a
/// folder lists what it has; a library manager (which says whether it monitors) has what it has a
/// file of.
fn status(item: &ItemSummary) -> &'static str {
    let present = || item.listings.iter().filter(|l| l.missing_since.is_none());
    if present().any(|l| l.monitored.is_none() || l.has_file) {
        "available"
    } else if present().any(|l| l.monitored == Some(true)) {
        "wanted"
    } else if present().next().is_some() {
        "unmonitored"
    } else {
        "missing"
    }
}

/// Everything about one item, with the origin of each field and what every source says.
pub fn detail_view(detail: &ItemDetail) -> Value {
    let item = &detail.item;
    let mut fields = Map::new();
    for field in Field::ALL {
        let value = item.fields.get(field);
        let (origin, since) = origin(field, value.as_deref(), detail);
        let told = json!({ "value": value, "origin": origin, "since": since });
        fields.insert(field.to_string(), told);
    }
    json!({
        "id": item.id,
        "kind": item.kind,
        "title": item.fields.title,
        "year": item.fields.year,
        "show": detail.show.as_ref().and_then(|s| s.fields.title.clone()),
        "season": item.season_number,
        "episode": item.episode_number,
        "fields": fields,
        "external_ids": detail.external_ids.iter()
            .map(|e| json!({ "provider": e.provider, "value": e.value() })).collect::<Vec<_>>(),
        "listings": detail.listings.iter().map(listing).collect::<Vec<_>>(),
        "overrides": detail.overrides.iter()
            .map(|o| json!({ "field": o.field, "value": o.value })).collect::<Vec<_>>(),
        "settings": detail.settings.as_ref().map(|s| json!({
            "auto_download": s.auto_download,
            "status": s.status,
            "downloaded_at": s.downloaded_at,
        })),
        "progress": detail.progress,
        "children": detail.children.iter().map(|c| json!({
            "id": c.id,
            "kind": c.kind,
            "title": c.fields.title,
            "season": c.season_number,
            "episode": c.episode_number,
        })).collect::<Vec<_>>(),
    })
}

fn listing(l: &ListingDetail) -> Value {
    json!({
        "id": l.listing.id,
        "source": l.source,
        "library": l.library,
        "remote_id": l.listing.remote_id,
        "part": l.listing.part,
        "match_basis": l.listing.match_basis,
        "missing_since": l.listing.missing_since,
        "updated_at": l.updated_at,
        "facts": l.listing.facts,
        "review": l.listing.review,
    })
}

/// Who says what a field shows: a person, or the first source by priority that says just that.
fn origin(
    field: Field,
    value: Option<&str>,
    detail: &ItemDetail,
) -> (Option<String>, Option<String>) {
    if detail.overrides.iter().any(|o| o.field == field) {
        let since = detail.corrected_at.get(&field).map(DateTime::to_rfc3339);
        return (Some("a person".to_owned()), since);
    }
    if value.is_none() {
        return (None, None);
    }
    let says = |l: &&ListingDetail| said(l).get(field).as_deref() == value;
    let source = detail.listings.iter().find(says);
    match source {
        Some(l) => (Some(l.source.clone()), Some(l.updated_at.to_rfc3339())),
        None => (Some("derived".to_owned()), None),
    }
}

fn said(l: &ListingDetail) -> Fields {
    let facts = l.listing.facts.clone();
    Fields {
        title: facts.title,
        sort_title: facts.sort_title,
        overview: facts.overview,
        year: facts.year,
        air_date: facts.air_date,
        runtime_seconds: facts.runtime_seconds,
        poster_url: facts.poster_url,
    }
}
