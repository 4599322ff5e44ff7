//! Library: the catalogue in pages, as posters or as a table, filtered and sorted. A page begins
//! behind the last item of the page before, so a long catalogue is as quick as a short one.

use std::collections::HashSet;

use askama::Template;
use axum::extract::Query;
use axum::routing::get;
use serde::Deserialize;
use shelfread_app::App;
use shelfread_app::items::ItemView;
use shelfread_app::rows::{ItemFilter, Sort, SourceRow};
use shelfread_domain::{ItemId, ItemKind, ItemStatus, SourceId};

use super::layout::{Oops, Seen, Shell, Visit};
use super::{assets, parts};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new().route("/library", get(show))
}

/// Items of a page: what fills rows of posters of most widths.
const PAGE: u64 = 60;
/// The cursor that stands before all items whose title begins so.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// What the reader asked for; what is empty is any.
#[derive(Deserialize, Clone, Default)]
#[serde(default)]
struct Asked {
    q: String,
    /// A kind, `any`, or nothing for films and shows.
    kind: String,
    source: String,
    missing_on: String,
    status: String,
    sort: String,
    view: String,
    after: String,
}

impl Asked {
    /// The address of the same question with one answer changed; it begins at the first page.
    fn with(&self, key: &str, value: &str) -> String {
        let pairs = [
            ("q", &self.q),
            ("kind", &self.kind),
            ("source", &self.source),
            ("missing_on", &self.missing_on),
            ("status", &self.status),
            ("sort", &self.sort),
            ("view", &self.view),
        ];
        let given = |(name, old): (&'static str, &String)| {
            (name, if name == key { value.to_owned() } else { old.clone() })
        };
        let mut all: Vec<_> = pairs.map(given).into_iter().collect();
        if key == "after" {
            all.push(("after", value.to_owned()));
        }
        let all: Vec<_> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        format!("/library{}", parts::query(&all))
    }

    fn is_filtered(&self) -> bool {
        [&self.q, &self.source, &self.missing_on, &self.status].iter().any(|text| !text.is_empty())
    }

    /// Whether single letters lead anywhere: only in the order of titles, without a search.
    fn has_letters(&self) -> bool {
        matches!(self.sort.as_str(), "" | "title")
            && self.q.is_empty()
            && self.status != "downloading"
    }
}

#[derive(Template)]
#[template(path = "library.html")]
struct LibraryPage {
    shell: Shell,
    asked: Asked,
    items: Vec<ItemView>,
    posters: HashSet<ItemId>,
    /// The address of the next page.
    next: Option<String>,
    sources: Vec<SourceRow>,
    letters: Vec<(char, String)>,
}

impl LibraryPage {
    fn is_table(&self) -> bool {
        self.asked.view == "table"
    }

    /// Whether there is nothing at all, and nobody who could list anything.
    fn is_new(&self) -> bool {
        self.sources.is_empty() && self.items.is_empty()
    }

    fn statuses(&self) -> [&'static str; 5] {
        ItemStatus::ALL.map(ItemStatus::as_str)
    }
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Seen {
    let app = &visit.web.app;
    let sources = app.store().sources().await?;
    let filter = filter(&asked, &sources)?;
    let after = Some(asked.after.as_str()).filter(|after| !after.is_empty());
    let page = app.items(&filter, after, PAGE).await?;
    let posters = posters(app, &page.items).await?;
    let letters = if asked.has_letters() { letters(&asked) } else { Vec::new() };
    let next = page.next.map(|next| asked.with("after", &next));
    let shell = visit.shell.clone();
    visit.show(&LibraryPage { shell, asked, items: page.items, posters, next, sources, letters })
}

/// Which of these items have a poster.
pub async fn posters(app: &App, items: &[ItemView]) -> Result<HashSet<ItemId>, Oops> {
    let ids: Vec<_> = items.iter().map(|item| item.id).collect();
    Ok(app.store().with_poster(&ids).await?)
}

fn filter(asked: &Asked, sources: &[SourceRow]) -> Result<ItemFilter, Oops> {
    let source = |name: &str| -> Result<Option<SourceId>, Oops> {
        if name.is_empty() {
            return Ok(None);
        }
        let found = sources.iter().find(|s| s.name == name).map(|s| s.id);
        found.map(Some).ok_or_else(|| Oops::missing(format!("There is no source '{name}'.")))
    };
    let word = |what: &str, text: &str| Oops::unusable(format!("'{text}' is no {what}."));
    let kind = match asked.kind.as_str() {
        "" | "any" => None,
        text => Some(text.parse::<ItemKind>().map_err(|error| Oops::unusable(error.to_string()))?),
    };
    let status = match asked.status.as_str() {
        "" => None,
        text => Some(ItemStatus::parse(text).ok_or_else(|| word("status", text))?),
    };
    let sort = match asked.sort.as_str() {
        "" => Sort::Title,
        text => Sort::parse(text).ok_or_else(|| word("order", text))?,
    };
    Ok(ItemFilter {
        kind,
        top: asked.kind.is_empty(),
        query: Some(asked.q.trim().to_owned()).filter(|q| !q.is_empty()),
        source: source(&asked.source)?,
        missing_on: source(&asked.missing_on)?,
        status,
        sort,
        ..ItemFilter::default()
    })
}

fn letters(asked: &Asked) -> Vec<(char, String)> {
    let link = |letter: char| {
        (letter, asked.with("after", &format!("{NIL} title {}", letter.to_ascii_lowercase())))
    };
    ('A'..='Z').map(link).collect()
}

/// Where an item stands within its show.
fn place(item: &ItemView) -> String {
    match (item.season, item.episode) {
        (Some(season), Some(episode)) => format!("S{season:02}E{episode:02}"),
        (Some(season), None) => format!("season {season}"),
        _ => String::new(),
    }
}

/// The sources that list an item, or did, each once, and whether they no longer do.
fn listed_by(item: &ItemView) -> Vec<(&str, bool)> {
    let mut all: Vec<(&str, bool)> = Vec::new();
    for listing in &item.listings {
        let is_gone = listing.missing_since.is_some();
        match all.iter_mut().find(|(source, _)| *source == listing.source) {
            Some((_, all_gone)) => *all_gone &= is_gone,
            None => all.push((&listing.source, is_gone)),
        }
    }
    all
}

/// The sources that no longer list an item that others do: what a status does not say.
fn lost_by(item: &ItemView) -> Vec<&str> {
    let all = listed_by(item);
    let is_mixed = all.iter().any(|(_, is_gone)| !is_gone);
    all.into_iter().filter(|(_, is_gone)| is_mixed && *is_gone).map(|(name, _)| name).collect()
}
