//! Runs: what is at work, what was done, line by line, and what a person decides about it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use shelfread_app::live::RunProgress;
use shelfread_app::person::PERSON;
use shelfread_app::render::ChangeView;
use shelfread_app::rows::{Page, RunFilter, RunRow, SourceRow};
use shelfread_app::{RunReport, SyncRequest};
use shelfread_domain::{Existing, ItemKind, RunId, RunMode, RunStatus, Trigger};

use super::layout::{Done, Oops, Seen, Shell, Visit, advice, back};
use super::{assets, parts, story};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new()
        .route("/runs", get(list).post(start))
        .route("/runs/{id}", get(show))
        .route("/runs/{id}/approve", post(approve))
        .route("/runs/{id}/discard", post(discard))
        .route("/runs/{id}/revert", post(revert))
}

/// Runs of a page, and those that may be left out at the most.
const RUNS: u64 = 50;
const FURTHEST: u64 = 1_000_000;
/// Lines of a run that are shown at once.
const LINES: u64 = 200;
/// Fields of a change that are shown: a new item has a dozen.
const FIELDS: usize = 16;
/// What is shown of a value, in characters.
const VALUE: usize = 160;

/// What the reader asked for; what is empty is any.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    source: String,
    status: String,
    trigger: String,
    offset: u64,
}

impl Asked {
    /// The address of the same question, so many runs further.
    fn at(&self, offset: u64) -> String {
        let offset = Some(offset).filter(|n| *n > 0).map_or_else(String::new, |n| n.to_string());
        let pairs = [
            ("source", self.source.as_str()),
            ("status", &self.status),
            ("trigger", &self.trigger),
            ("offset", &offset),
        ];
        format!("/runs{}", parts::query(&pairs))
    }

    fn here(&self) -> String {
        self.at(self.offset)
    }

    fn first(&self) -> String {
        self.at(0)
    }

    fn is_filtered(&self) -> bool {
        [&self.source, &self.status, &self.trigger].iter().any(|text| !text.is_empty())
    }

    fn filter(&self) -> Result<RunFilter, Oops> {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let odd = |text: &str, what: &str| Oops::unusable(format!("'{text}' is no {what}."));
        let status = |text: String| RunStatus::parse(&text).ok_or_else(|| odd(&text, "status"));
        let trigger = |text: String| Trigger::parse(&text).ok_or_else(|| odd(&text, "beginning"));
        Ok(RunFilter {
            source: given(&self.source),
            status: given(&self.status).map(status).transpose()?,
            trigger: given(&self.trigger).map(trigger).transpose()?,
        })
    }
}

#[derive(Template)]
#[template(path = "runs.html")]
struct RunsPage {
    shell: Shell,
    running: Vec<RunProgress>,
    runs: Vec<RunRow>,
    sources: Vec<SourceRow>,
    asked: Asked,
    next: Option<String>,
}

impl RunsPage {
    /// Who has runs: sources, and people who correct items.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.name.as_str()).chain([PERSON])
    }

    /// The words of a filter, each with what a person reads.
    fn statuses(&self) -> [&'static str; 6] {
        RunStatus::ALL.map(RunStatus::as_str)
    }

    fn triggers(&self) -> [&'static str; 5] {
        Trigger::ALL.map(Trigger::as_str)
    }
}

async fn list(visit: Visit, Query(asked): Query<Asked>) -> Seen {
    let app = &visit.web.app;
    let offset = asked.offset.min(FURTHEST);
    let runs = app.store().runs_that(&asked.filter()?, Page { offset, limit: RUNS }).await?;
    let next = (runs.len() as u64 == RUNS).then(|| asked.at(offset + RUNS));
    let page = RunsPage {
        shell: visit.shell.clone(),
        running: app.running(),
        runs,
        sources: app.store().sources().await?,
        asked: Asked { offset, ..asked },
        next,
    };
    visit.show(&page)
}

/// What is to be synced and how, as a form says it.
fn request(form: &[(String, String)]) -> SyncRequest {
    let has = |name: &str| form.iter().any(|(key, value)| key == name && !value.is_empty());
    let of = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let sources = form.iter().filter(|(key, value)| key == "source" && !value.is_empty());
    SyncRequest {
        sources: sources.map(|(_, name)| name.clone()).collect(),
        dry_run: has("dry_run"),
        quick: of("mode") == Some("quick"),
        existing: of("existing").and_then(Existing::parse).unwrap_or(Existing::Update),
        trigger: Trigger::Manual,
        ..SyncRequest::default()
    }
}

async fn start(
    visit: Visit,
    headers: HeaderMap,
    axum::Form(form): axum::Form<Vec<(String, String)>>,
) -> Seen {
    let request = request(&form);
    let is_dry = request.dry_run;
    Ok(match visit.web.app.start_sync(request).await {
        Err(error) => Done::bad(back(&headers, "/runs"), advice(&error)),
        Ok(started) => match &started.runs[..] {
            [] => Done::warn(back(&headers, "/runs"), "There is no source to sync."),
            [one] if is_dry => {
                Done::good(format!("/runs/{}", one.id), "The dry run begins; it writes nothing.")
            }
            [one] => Done::good(format!("/runs/{}", one.id), "The sync begins."),
            many => Done::good("/runs", format!("{} syncs begin.", many.len())),
        },
    }
    .into_response())
}

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    shell: Shell,
    row: RunRow,
    progress: Option<RunProgress>,
    figures: Vec<(&'static str, u64)>,
    totals: Vec<(ItemKind, String)>,
    listings: u64,
    errors: Vec<(String, String)>,
    lines: Vec<ChangeLine>,
    after: i64,
    next: Option<i64>,
    waits: bool,
}

/// A change, ready to be shown.
struct ChangeLine {
    sign: &'static str,
    view: ChangeView,
    state: &'static str,
    fields: Vec<(String, Option<String>, Option<String>)>,
}

impl RunPage {
    /// Whether there is something that can be taken back.
    fn can_revert(&self) -> bool {
        let c = &self.row.counts;
        let wrote = c.added + c.updated + c.relinked + c.missing + c.removed > 0;
        wrote
            && !self.row.run.dry_run
            && self.row.status != RunStatus::Running
            && self.row.reverted_by_run_id.is_none()
    }
}

fn run_id(text: &str) -> Result<RunId, Oops> {
    text.parse().map_err(|_| Oops::missing("There is no such run."))
}

/// The line of a run behind which to begin.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Behind {
    after: i64,
}

async fn show(visit: Visit, Path(id): Path<String>, Query(asked): Query<Behind>) -> Seen {
    let app = &visit.web.app;
    let id = run_id(&id)?;
    let store = app.store();
    let row = store.run(id).await?.ok_or_else(|| Oops::missing("There is no such run."))?;
    let changes = store.run_story(id, asked.after, LINES, &why_new(&row)).await?;
    let next = changes.last().filter(|_| changes.len() as u64 == LINES).map(|c| c.seq);
    let errors = store.run_errors(id).await?;
    let totals = store.run_totals(id).await?;
    let (_, listings) = store.created_by(id).await?;
    let waits = app.is_waiting(&row).await?;
    let page = RunPage {
        shell: visit.shell.clone(),
        progress: app.running().into_iter().find(|p| p.run == id),
        figures: figures(&row),
        totals: totals
            .iter()
            .map(|(kind, what, n)| (*kind, format!("{} {}", parts::number(n), past(what))))
            .collect(),
        listings,
        errors: errors.into_iter().map(|e| (e.scope, e.message)).collect(),
        lines: changes.iter().map(|c| line(ChangeView::of_record(c), c.state.as_str())).collect(),
        after: asked.after,
        next,
        waits,
        row,
    };
    visit.show(&page)
}

/// Why an item is new with a run.
fn why_new(row: &RunRow) -> String {
    match (row.run.trigger, row.run.source_id) {
        (Trigger::Revert, _) => "came back".to_owned(),
        (_, Some(_)) => format!("{} lists it", row.run.source_name),
        (_, None) => row.run.source_name.clone(),
    }
}

/// What was done, as one says it of items.
fn past(what: &str) -> &str {
    match what {
        "relink" => "relinked",
        "missing" => "marked missing",
        "return" => "listed again",
        "quarantine" => "waiting for review",
        other => other,
    }
}

fn figures(row: &RunRow) -> Vec<(&'static str, u64)> {
    let c = &row.counts;
    let all = [
        ("seen", c.seen),
        ("added", c.added),
        ("updated", c.updated),
        ("relinked", c.relinked),
        ("marked missing", c.missing),
        ("removed", c.removed),
        ("held", c.held),
        ("to review", c.conflicts),
        ("failed", c.failed),
    ];
    all.into_iter()
        .filter(|(what, n)| *n > 0 || matches!(*what, "seen" | "added" | "removed"))
        .collect()
}

fn line(view: ChangeView, state: &'static str) -> ChangeLine {
    let sign = match view.op.as_str() {
        "add" => "+",
        "remove" => "\u{2212}",
        "relink" => ">",
        "missing" => "?",
        "return" => "<",
        "quarantine" => "!",
        _ => "~",
    };
    ChangeLine { sign, fields: fields(&view), view, state }
}

/// The fields that a change touches, before and after.
fn fields(view: &ChangeView) -> Vec<(String, Option<String>, Option<String>)> {
    if view.op == "remove" {
        return Vec::new();
    }
    let side = |side: &Option<Value>, key: &str| {
        side.as_ref().and_then(|values| values.get(key)).and_then(readable)
    };
    let keys = [&view.after, &view.before].into_iter().flatten().find_map(Value::as_object);
    let keys = keys.into_iter().flat_map(|values| values.keys()).take(FIELDS);
    keys.map(|key| (key.replace('_', " "), side(&view.before, key), side(&view.after, key)))
        .filter(|(_, before, after)| before.is_some() || after.is_some())
        .collect()
}

fn readable(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(parts::bounded(text, VALUE)),
        other => Some(parts::bounded(&other.to_string(), VALUE)),
    }
}

async fn approve(visit: Visit, Path(id): Path<String>) -> Seen {
    let id = run_id(&id)?;
    let app = visit.web.app.clone();
    let work = app.clone();
    let done = app.to_the_end(async move { work.approve(id, &work.teller()).await }).await;
    Ok(match done {
        Err(error) => Done::bad("/review", advice(&error)),
        Ok(report) => reported(&report, "removed", report.counts.removed),
    }
    .into_response())
}

/// The end of a run that a person asked for.
fn reported(report: &RunReport, verb: &str, count: u64) -> Done {
    let to = format!("/runs/{}", report.id);
    match report.status {
        RunStatus::Succeeded => {
            Done::good(to, format!("{} {verb}.", parts::counted(&count, "item", "items")))
        }
        _ => {
            let why = report.errors.first().map_or_else(String::new, |e| e.message.clone());
            Done::bad(to, format!("It did not all work: {why}"))
        }
    }
}

async fn discard(visit: Visit, Path(id): Path<String>) -> Seen {
    let id = run_id(&id)?;
    let app = visit.web.app.clone();
    let work = app.clone();
    let done = app.to_the_end(async move { work.discard(id).await }).await;
    let told = |kept: u64| {
        let kept = parts::counted(&kept, "item is kept", "items are kept");
        format!("{kept}, and not asked about again.")
    };
    Ok(Done::of("/review", done.map(told)).into_response())
}

async fn revert(visit: Visit, Path(id): Path<String>) -> Seen {
    let id = run_id(&id)?;
    let app = visit.web.app.clone();
    let work = app.clone();
    let done = app.to_the_end(async move { work.revert(id).await }).await;
    Ok(match done {
        Err(error) => Done::bad(format!("/runs/{id}"), advice(&error)),
        Ok(report) => {
            let count = report.counts.added + report.counts.updated + report.counts.removed;
            reported(&report, "put back as they were", count)
        }
    }
    .into_response())
}

/// What is said of a run's mode where it is not a plain one.
fn mode(row: &RunRow) -> &'static str {
    match row.run.mode {
        RunMode::Full => "full",
        RunMode::Quick => "quick",
        RunMode::DryRun => "dry run",
        RunMode::Targeted => "targeted",
    }
}
