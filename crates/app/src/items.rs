//! Items as programs and people see them: with derived status, and the origin of every field.

use chrono::DateTime;
use serde::Serialize;
use serde_json::{Map, Value, json};
use shelfread_domain::{Facts, Field, Fields, ItemId, ItemKind, ItemStatus};
use shelfread_store::{Cursor, ItemDetail, ItemFilter, ItemSummary, ListingDetail, Sort, SortKey};

use crate::App;
use crate::error::{AppError, Result};
use crate::source::WebObject;

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
    /// What its listings and downloads amount to.
    pub status: ItemStatus,
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
    /// A page of items. `after` is the `next` of the page before.
    ///
    /// # Errors
    /// When `after` is no such value of this order, or the database failed.
    pub async fn items(
        &self,
        filter: &ItemFilter,
        after: Option<&str>,
        limit: u64,
    ) -> Result<ItemPage> {
        let after = after.map(|text| cursor(filter.sort, text)).transpose()?;
        let limit = limit.clamp(1, 10_000);
        let (items, next) = self.store.items(filter, after.as_ref(), limit).await?;
        Ok(ItemPage { items: items.into_iter().map(view).collect(), next: next.as_ref().map(told) })
    }
}

/// An item with all that hangs on it, and where people find it in the sources themselves.
#[derive(Clone, Debug)]
pub struct ItemShown {
    /// What the catalogue has of it.
    pub detail: ItemDetail,
    /// For each of its listings the address in the source's own web interface.
    pub links: Vec<Option<String>>,
}

impl App {
    /// One item.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; what the database says.
    pub async fn item(&self, id: ItemId) -> Result<ItemShown> {
        let unknown = || AppError::not_found("item", id.to_string());
        let detail = self.store.item(id).await?.ok_or_else(unknown)?;
        let show = match &detail.show {
            Some(show) => self.store.item(show.id).await?,
            None => None,
        };
        let top = show.as_ref().unwrap_or(&detail);
        let external_ids = &top.external_ids;
        let sources = self.store.sources().await?;
        let link = |l: &ListingDetail| {
            let source = sources.iter().find(|s| s.name == l.source)?;
            let (kind, remote_id) = (l.listing.kind, &l.listing.remote_id);
            let mut of_source = top.listings.iter().filter(|other| other.source == l.source);
            let slug = of_source.find_map(|l| l.listing.facts.slug.as_deref());
            self.factory.web_url(source, &WebObject { kind, remote_id, external_ids, slug })
        };
        let there = |l: &&ListingDetail| l.listing.missing_since.is_none();
        let links = detail.listings.iter().map(|l| Some(l).filter(there).and_then(link)).collect();
        Ok(ItemShown { detail, links })
    }
}

impl ItemShown {
    /// Everything about it; see [`detail_view`].
    pub fn view(&self) -> Value {
        let mut view = detail_view(&self.detail);
        if let Some(listings) = view["listings"].as_array_mut() {
            for (listing, link) in listings.iter_mut().zip(&self.links) {
                listing["url"] = json!(link);
            }
        }
        view
    }
}

/// The end of a page as a text: the id, the order, and what the last item was sorted by.
fn told(cursor: &Cursor) -> String {
    let id = cursor.id;
    match &cursor.key {
        SortKey::Title(title) => format!("{id} title {title}"),
        SortKey::Year(year) => format!("{id} year {year}"),
        SortKey::Added => format!("{id} added"),
    }
}

fn cursor(sort: Sort, text: &str) -> Result<Cursor> {
    let parsed = || {
        let (id, rest) = text.split_once(' ')?;
        let (order, key) = rest.split_once(' ').unwrap_or((rest, ""));
        let key = match (sort, Sort::parse(order)?) {
            (Sort::Title, Sort::Title) => SortKey::Title(key.to_owned()),
            (Sort::Year, Sort::Year) => SortKey::Year(key.parse().ok()?),
            (Sort::Added, Sort::Added) => SortKey::Added,
            _ => return None,
        };
        Some(Cursor { key, id: id.parse().ok()? })
    };
    let unknown = || {
        let message = format!("'{text}' is not the `next` of a page sorted by {}", sort.as_str());
        AppError::Usage(message)
    };
    parsed().ok_or_else(unknown)
}

fn view(summary: ItemSummary) -> ItemView {
    let ItemSummary { item, status, show, listings } = summary;
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
        "status": detail.status,
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
    let facts = Facts::clone(&l.listing.facts);
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
