//! What a person decides about an item: its settings and fields, that it is the same as another
//! one, that one of its listings is not, or that it goes. Each is a form that works without a
//! script, and each correction is a run that can be taken back.

use std::collections::HashSet;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;
use shelfread_app::items::ItemView;
use shelfread_app::person::{Correction, RemovalReport, RemovalView, SettingsChange, Wish};
use shelfread_app::rows::{ItemFilter, RemovalState};
use shelfread_app::{App, AppError};
use shelfread_domain::{Field, ItemId, ItemKind, ListingId};

use super::item::item_id;
use super::layout::{Done, Oops, Seen, Shell, Visit, advice, back};
use super::library::posters;
use super::{assets, parts};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new()
        .route("/items/{id}/settings", post(set))
        .route("/items/{id}/edit", get(edit).post(save))
        .route("/items/{id}/merge", get(pick).post(merge))
        .route("/items/{id}/split", post(split))
        .route("/items/{id}/remove", get(preview).post(remove))
}

/// Items that a search for another one shows.
const FOUND: u64 = 24;

/// What a correction did, in a sentence and with the run that takes it back.
pub fn told(to: String, done: Result<Correction, AppError>, what: &str) -> Done {
    match done {
        Err(error) => Done::bad(to, advice(&error)),
        Ok(Correction { run: None, .. }) => Done::warn(to, "It was so already."),
        Ok(Correction { run: Some(run), .. }) => {
            Done::good(to, what).with_link(format!("/runs/{run}"))
        }
    }
}

#[derive(Deserialize)]
struct Settings {
    auto_download: String,
}

async fn set(
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Settings>,
) -> Seen {
    let id = item_id(&id)?;
    let on = form.auto_download == "on";
    let change = SettingsChange { auto_download: Some(on), status: None };
    let app = visit.web.app.clone();
    let done = app.clone().to_the_end(async move { app.change_settings(id, &change).await }).await;
    let what = if on {
        "It is downloaded by itself now."
    } else {
        "It is no longer downloaded by itself."
    };
    Ok(told(back(&headers, &format!("/items/{id}")), done, what).into_response())
}

#[derive(Template)]
#[template(path = "edit.html")]
struct EditPage {
    shell: Shell,
    id: ItemId,
    title: String,
    inputs: Vec<Input>,
    error: Option<String>,
}

/// A field that can be corrected.
struct Input {
    name: &'static str,
    label: &'static str,
    help: &'static str,
    value: String,
    origin: String,
    is_person: bool,
}

/// The fields that can be corrected, with what to say of each.
const FIELDS: [(Field, &str, &str); 7] = [
    (Field::Title, "Title", ""),
    (Field::SortTitle, "Sorted by", "Where it stands in the order of titles."),
    (Field::Year, "Year", "Such as 1995."),
    (Field::AirDate, "Aired", "Such as 1995-12-15."),
    (Field::RuntimeSeconds, "Length in seconds", ""),
    (Field::PosterUrl, "Poster", "An address that begins with http://, https:// or /."),
    (Field::Overview, "Overview", ""),
];

/// What came in from the form of fields: a name and a text for each.
type Given = Vec<(String, String)>;

async fn edit(visit: Visit, Path(id): Path<String>) -> Seen {
    editor(visit, item_id(&id)?, None, &Vec::new()).await
}

/// The form, with what was typed if that did not fit.
async fn editor(visit: Visit, id: ItemId, error: Option<String>, typed: &Given) -> Seen {
    let shown = visit.web.app.item(id).await?;
    let view = shown.view();
    let fields = &shown.detail.item.fields;
    let input = |(field, label, help): (Field, &'static str, &'static str)| {
        let told = view.fields.get(field.as_str()).and_then(|told| told.origin.as_deref());
        let told = told.unwrap_or_default();
        let typed = typed.iter().find(|(name, _)| name == field.as_str());
        let value = typed.map(|(_, text)| text.clone()).or_else(|| fields.get(field));
        Input {
            name: field.as_str(),
            label,
            help,
            value: value.unwrap_or_default(),
            origin: told.to_owned(),
            is_person: told == "a person",
        }
    };
    let page = EditPage {
        shell: visit.shell.clone(),
        id,
        title: fields.title.clone().unwrap_or_default(),
        inputs: FIELDS.into_iter().map(input).collect(),
        error,
    };
    visit.show(&page)
}

async fn save(visit: Visit, Path(id): Path<String>, Form(given): Form<Given>) -> Seen {
    let id = item_id(&id)?;
    let app = visit.web.app.clone();
    let wishes = match reset(&given) {
        Some(field) => vec![(field, Wish::Sources)],
        None => wishes(&app, id, &given).await?,
    };
    if wishes.is_empty() {
        return Ok(Done::warn(format!("/items/{id}"), "Nothing was changed.").into_response());
    }
    let is_reset = reset(&given).is_some();
    let work = app.clone();
    let done = app.to_the_end(async move { work.correct_fields(id, &wishes).await }).await;
    match done {
        Err(error @ (AppError::Usage(_) | AppError::Field(_))) => {
            editor(visit, id, Some(error.to_string()), &given).await
        }
        done if is_reset => {
            Ok(told(format!("/items/{id}/edit"), done, "The sources say it again.").into_response())
        }
        done => {
            Ok(told(format!("/items/{id}"), done, "It is corrected, and stays so.").into_response())
        }
    }
}

/// The field that the sources shall say again.
fn reset(given: &Given) -> Option<Field> {
    given.iter().find(|(name, _)| name == "reset").and_then(|(_, field)| field.parse().ok())
}

/// What differs from what is shown.
async fn wishes(app: &App, id: ItemId, given: &Given) -> Result<Vec<(Field, Wish)>, Oops> {
    let fields = app.item(id).await?.detail.item.fields;
    let mut wishes = Vec::new();
    for (field, ..) in FIELDS {
        let Some((_, text)) = given.iter().find(|(name, _)| name == field.as_str()) else {
            continue;
        };
        // A browser ends lines of a text field in its own way.
        let text = text.replace("\r\n", "\n").trim().to_owned();
        match (fields.get(field), text.is_empty()) {
            (None, true) => {}
            (Some(_), true) => wishes.push((field, Wish::Nothing)),
            (Some(shown), false) if shown.trim() == text => {}
            _ => wishes.push((field, Wish::Value(text))),
        }
    }
    Ok(wishes)
}

/// What to look for when another item is wanted.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Sought {
    pub q: String,
}

/// Items of a kind whose title has a text, but for one.
pub async fn candidates(
    app: &App,
    kind: ItemKind,
    show: Option<ItemId>,
    q: &str,
    except: Option<ItemId>,
) -> Result<Vec<ItemView>, Oops> {
    let query = Some(q.trim().to_owned()).filter(|q| !q.is_empty());
    let filter = ItemFilter { kind: Some(kind), parent: show, query, ..ItemFilter::default() };
    let mut items = app.items(&filter, None, FOUND).await?.items;
    items.retain(|item| Some(item.id) != except);
    Ok(items)
}

#[derive(Template)]
#[template(path = "merge.html")]
struct MergePage {
    shell: Shell,
    id: ItemId,
    title: String,
    kind: ItemKind,
    q: String,
    items: Vec<ItemView>,
    posters: HashSet<ItemId>,
}

async fn pick(visit: Visit, Path(id): Path<String>, Query(sought): Query<Sought>) -> Seen {
    let app = &visit.web.app;
    let detail = app.item(item_id(&id)?).await?.detail;
    let (id, kind) = (detail.item.id, detail.item.kind);
    let title = detail.item.fields.title.unwrap_or_default();
    let q = if sought.q.is_empty() { title.clone() } else { sought.q };
    let items = candidates(app, kind, detail.item.parent_id, &q, Some(id)).await?;
    let posters = posters(app, &items).await?;
    let page = MergePage { shell: visit.shell.clone(), id, title, kind, q, items, posters };
    visit.show(&page)
}

#[derive(Deserialize)]
struct Other {
    other: String,
}

async fn merge(visit: Visit, Path(id): Path<String>, Form(form): Form<Other>) -> Seen {
    let (id, other) = (item_id(&id)?, item_id(&form.other)?);
    let app = visit.web.app.clone();
    let work = app.clone();
    let done = app.to_the_end(async move { work.merge_items(id, other).await }).await;
    Ok(told(format!("/items/{id}"), done, "They are one item now.").into_response())
}

#[derive(Deserialize)]
struct Part {
    listing: String,
}

async fn split(visit: Visit, Path(id): Path<String>, Form(form): Form<Part>) -> Seen {
    let id = item_id(&id)?;
    let unknown = |_| Oops::missing("There is no such listing.");
    let listing: ListingId = form.listing.parse().map_err(unknown)?;
    let app = visit.web.app.clone();
    let work = app.clone();
    let done = app.to_the_end(async move { work.split_item(id, listing).await }).await;
    let to = done.as_ref().ok().and_then(|done| done.item).unwrap_or(id);
    Ok(told(format!("/items/{to}"), done, "This listing is an item of its own now.")
        .into_response())
}

#[derive(Template)]
#[template(path = "remove.html")]
struct RemovePage {
    shell: Shell,
    id: ItemId,
    report: RemovalReport,
}

async fn preview(visit: Visit, Path(id): Path<String>) -> Seen {
    let id = item_id(&id)?;
    let report = visit.web.app.preview_removal(id).await?;
    let page = RemovePage { shell: visit.shell.clone(), id, report };
    visit.show(&page)
}

/// What would go at a source.
fn foreseen(target: &RemovalView) -> (&'static str, String) {
    let reason = target.reason.clone().unwrap_or_default();
    match (target.effect.as_deref(), target.state) {
        (Some("files"), _) => ("bad", "its files are deleted".to_owned()),
        (Some("entry"), _) => ("warn", "only the entry goes, files stay".to_owned()),
        (Some(_), _) => {
            ("bad", "its files are deleted; it stays listed and is not looked for".to_owned())
        }
        (None, RemovalState::NotSupported) => {
            ("", format!("cannot be removed from here: {reason}"))
        }
        (None, _) => ("", reason),
    }
}

async fn remove(visit: Visit, Path(id): Path<String>) -> Seen {
    let id = item_id(&id)?;
    let app = visit.web.app.clone();
    let work = app.clone();
    let done = app.to_the_end(async move { work.remove_everywhere(id).await }).await;
    let report = match done {
        Ok(report) => report,
        Err(error) => return Ok(Done::bad(format!("/items/{id}"), advice(&error)).into_response()),
    };
    let run = report.run.map(|run| format!("/runs/{run}"));
    let done = match report.gone {
        true => Done::good("/library", format!("{} is gone.", parts::cut(&report.label))),
        false => Done::warn(
            format!("/items/{id}/remove"),
            "Some sources still have it; asked again, it goes on.",
        ),
    };
    Ok(match run {
        Some(run) => done.with_link(run),
        None => done,
    }
    .into_response())
}
