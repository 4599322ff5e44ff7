//! Items as programs and people see them: with derived status, and the origin of every field.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::Serialize;
use shelfread_domain::record::{MatchBasis, ProgressRecord, Review};
use shelfread_domain::{
    Facts, Field, Fields, ItemId, ItemKind, ItemRecord, ItemStatus, ListingId, SourceId,
};
use shelfread_store::{Cursor, ItemDetail, ItemFilter, ItemSummary, ListingDetail, Sort, SortKey};
use utoipa::ToSchema;

use crate::App;
use crate::error::{AppError, Result};
use crate::source::WebObject;

/// One item of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
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
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ListingView {
    /// The source's name.
    pub source: String,
    /// The library's name.
    pub library: String,
    /// The source's id for the item.
    pub remote_id: String,
    /// 0, or the place within a file that holds several episodes.
    pub part: u16,
    /// Since when the source no longer lists it.
    pub missing_since: Option<DateTime<Utc>>,
}

/// A page of items.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemPage {
    /// The items.
    pub items: Vec<ItemView>,
    /// What to ask for the next page with.
    pub next: Option<String>,
}

/// Which items a person wants to see, in their words. Absent means any.
#[derive(Clone, Debug, Default)]
pub struct ItemQuery {
    /// Of this kind.
    pub kind: Option<String>,
    /// The seasons and episodes of this show.
    pub show: Option<String>,
    /// Listed by the source of this name.
    pub source: Option<String>,
    /// Not listed by the source of this name.
    pub missing_on: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// With this text in the title.
    pub query: Option<String>,
    /// The order; by title when nothing is said.
    pub sort: Option<String>,
}

impl App {
    /// The filter that a person's words amount to.
    ///
    /// # Errors
    /// [`AppError::Usage`] for words that there are not; [`AppError::NotFound`] for a source that
    /// there is not; what the database says.
    pub async fn item_filter(&self, query: &ItemQuery) -> Result<ItemFilter> {
        let misfit = |e: &dyn std::fmt::Display| AppError::Usage(e.to_string());
        let kind: Option<ItemKind> =
            query.kind.as_deref().map(str::parse).transpose().map_err(|e| misfit(&e))?;
        let sort = query.sort.as_deref().map_or(Ok(Sort::default()), order)?;
        if sort == Sort::Year && kind.is_some_and(|kind| !kind.is_top()) {
            return Err(misfit(&"only movies and shows can be sorted by year"));
        }
        let show = query.show.as_deref().map(item_id).transpose()?;
        Ok(ItemFilter {
            kind,
            parent: show,
            query: query.query.clone(),
            source: self.source_named(query.source.as_deref()).await?,
            missing_on: self.source_named(query.missing_on.as_deref()).await?,
            status: query.status.as_deref().map(status).transpose()?,
            sort,
            ..ItemFilter::default()
        })
    }

    async fn source_named(&self, name: Option<&str>) -> Result<Option<SourceId>> {
        match name {
            Some(name) => Ok(Some(self.source(name).await?.id)),
            None => Ok(None),
        }
    }

    /// A page of items. `after` is the `next` of the page before.
    ///
    /// # Errors
    /// When `after` is no such value of this order, or the database failed.
    pub fn items<'a>(
        &'a self,
        filter: &'a ItemFilter,
        after: Option<&'a str>,
        limit: u64,
    ) -> BoxFuture<'a, Result<ItemPage>> {
        Box::pin(async move {
            let after = after.map(|text| cursor(filter.sort, text)).transpose()?;
            let limit = limit.clamp(1, 10_000);
            let (items, next) = self.store.items(filter, after.as_ref(), limit).await?;
            Ok(ItemPage {
                items: items.into_iter().map(view).collect(),
                next: next.as_ref().map(told),
            })
        })
    }
}

/// Reads the id of an item.
///
/// # Errors
/// [`AppError::NotFound`] for what is no id.
pub fn item_id(text: &str) -> Result<ItemId> {
    text.parse().map_err(|_| AppError::not_found("item", text))
}

fn status(text: &str) -> Result<ItemStatus> {
    ItemStatus::parse(text).ok_or_else(|| {
        let all = ItemStatus::ALL.map(ItemStatus::as_str).join(", ");
        AppError::Usage(format!("'{text}' is no status ({all})"))
    })
}

fn order(text: &str) -> Result<Sort> {
    Sort::parse(text).ok_or_else(|| {
        let all = Sort::ALL.map(Sort::as_str).join(", ");
        AppError::Usage(format!("'{text}' is no order ({all})"))
    })
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
    pub fn item(&self, id: ItemId) -> BoxFuture<'_, Result<ItemShown>> {
        Box::pin(async move {
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
            let links =
                detail.listings.iter().map(|l| Some(l).filter(there).and_then(link)).collect();
            Ok(ItemShown { detail, links })
        })
    }
}

/// Everything about one item, with the origin of each field and what every source says.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemDetailView {
    /// Its id.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Its title.
    pub title: Option<String>,
    /// Its year.
    pub year: Option<i32>,
    /// What its listings and downloads amount to.
    pub status: ItemStatus,
    /// The title of its show.
    pub show: Option<String>,
    /// The id of its show.
    pub show_id: Option<ItemId>,
    /// The number of its season.
    pub season: Option<i32>,
    /// Its number within the season.
    pub episode: Option<i32>,
    /// What it shows, and who says so.
    pub fields: BTreeMap<String, FieldView>,
    /// The external ids that it owns.
    pub external_ids: Vec<ExternalIdView>,
    /// What every source says of it, by priority.
    pub listings: Vec<ListingDetailView>,
    /// What a person corrected.
    pub overrides: Vec<OverrideView>,
    /// What a person wants done with it.
    pub settings: Option<SettingsView>,
    /// Play state, for each viewer.
    pub progress: Vec<ProgressRecord>,
    /// Its seasons and episodes, by number.
    pub children: Vec<ChildView>,
}

/// What a field shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// The value; `null` when nobody says one, or a person cleared it.
    pub value: Option<String>,
    /// Who says so: `a person`, the name of a source, or `derived`.
    pub origin: Option<String>,
    /// Since when.
    pub since: Option<String>,
}

/// An id at a provider such as `tmdb`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExternalIdView {
    /// Which provider.
    pub provider: String,
    /// The id there.
    pub value: String,
}

/// What one library of one source says of an item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ListingDetailView {
    /// Its id.
    pub id: ListingId,
    /// The source's name.
    pub source: String,
    /// The library's name.
    pub library: String,
    /// The source's id for the item.
    pub remote_id: String,
    /// 0, or the place within a file that holds several episodes.
    pub part: u16,
    /// The rule by which it found its item.
    pub match_basis: MatchBasis,
    /// Since when the source no longer lists it.
    pub missing_since: Option<DateTime<Utc>>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
    /// What the source says.
    #[schema(value_type = Object)]
    pub facts: Facts,
    /// What a person should look at.
    #[schema(value_type = Option<Object>)]
    pub review: Option<Review>,
    /// Where the source shows it in its own web interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A field that a person corrected.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OverrideView {
    /// Which field.
    pub field: Field,
    /// What it is to show; `null` when it was cleared on purpose.
    pub value: Option<String>,
}

/// What a person wants done with an item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SettingsView {
    /// Download new episodes or a better file by itself.
    pub auto_download: bool,
    /// What became of that.
    pub status: Option<String>,
    /// When it was downloaded.
    pub downloaded_at: Option<DateTime<Utc>>,
}

/// A season or episode of a show.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChildView {
    /// Its id.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Its title.
    pub title: Option<String>,
    /// The number of its season.
    pub season: Option<i32>,
    /// Its number within the season.
    pub episode: Option<i32>,
}

impl ItemShown {
    /// Everything about it, with the addresses in the sources' own web interfaces.
    pub fn view(&self) -> ItemDetailView {
        let mut view = detail_view(&self.detail);
        for (listing, link) in view.listings.iter_mut().zip(&self.links) {
            listing.url.clone_from(link);
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
                missing_since: l.missing_since,
            })
            .collect(),
    }
}

/// Everything about one item that the catalogue has.
pub fn detail_view(detail: &ItemDetail) -> ItemDetailView {
    let item = &detail.item;
    ItemDetailView {
        id: item.id,
        kind: item.kind,
        title: item.fields.title.clone(),
        year: item.fields.year,
        status: detail.status,
        show: detail.show.as_ref().and_then(|s| s.fields.title.clone()),
        show_id: detail.show.as_ref().map(|s| s.id),
        season: item.season_number,
        episode: item.episode_number,
        fields: Field::ALL.into_iter().map(|f| (f.to_string(), field(f, detail))).collect(),
        external_ids: detail
            .external_ids
            .iter()
            .map(|e| ExternalIdView {
                provider: e.provider.to_string(),
                value: e.value().to_owned(),
            })
            .collect(),
        listings: detail.listings.iter().map(listing).collect(),
        overrides: detail
            .overrides
            .iter()
            .map(|o| OverrideView { field: o.field, value: o.value.clone() })
            .collect(),
        settings: detail.settings.as_ref().map(|s| SettingsView {
            auto_download: s.auto_download,
            status: s.status.clone(),
            downloaded_at: s.downloaded_at,
        }),
        progress: detail.progress.clone(),
        children: detail.children.iter().map(child).collect(),
    }
}

fn child(c: &ItemRecord) -> ChildView {
    ChildView {
        id: c.id,
        kind: c.kind,
        title: c.fields.title.clone(),
        season: c.season_number,
        episode: c.episode_number,
    }
}

fn listing(l: &ListingDetail) -> ListingDetailView {
    ListingDetailView {
        id: l.listing.id,
        source: l.source.clone(),
        library: l.library.clone(),
        remote_id: l.listing.remote_id.to_string(),
        part: l.listing.part,
        match_basis: l.listing.match_basis,
        missing_since: l.listing.missing_since,
        updated_at: l.updated_at,
        facts: Facts::clone(&l.listing.facts),
        review: l.listing.review.clone(),
        url: None,
    }
}

fn field(field: Field, detail: &ItemDetail) -> FieldView {
    let value = detail.item.fields.get(field);
    let (origin, since) = origin(field, value.as_deref(), detail);
    FieldView { value, origin, since }
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
