//! `shelfread run`

use std::collections::HashSet;

use serde_json::{Value, json};
use shelfread_app::AppError;
use shelfread_app::render::ChangeView;
use shelfread_domain::{ItemKind, RunId, Trigger};
use shelfread_store::{Page, RunRow};

use crate::cli::RunCommand;
use crate::output;
use crate::progress::Watcher;
use crate::session::{Failure, Outcome, Session};

pub async fn run(session: &Session, verb: &RunCommand) -> Outcome {
    match verb {
        RunCommand::List { limit, offset, format } => {
            list(session, Page { offset: *offset, limit: *limit }, format.json).await
        }
        RunCommand::Approve { id, format } => {
            let run = find(session, id).await?.run.id;
            let watcher = Watcher::new(format.json, false);
            let report = session.app.approve(run, &watcher).await?;
            super::sync::finish(&[report], format.json)
        }
        RunCommand::Discard { id } => {
            let kept = session.app.discard(find(session, id).await?.run.id).await?;
            output::line(format!("{kept} items are kept, and not asked about again"));
            Ok(0)
        }
        RunCommand::Revert { id, format } => {
            let report = session.app.revert(find(session, id).await?.run.id).await?;
            super::sync::finish(&[report], format.json)
        }
        RunCommand::Show { id, after, limit, format } => {
            show(session, id, *after, *limit, format.json).await
        }
    }
}

async fn list(session: &Session, page: Page, as_json: bool) -> Outcome {
    let runs = session.app.store().runs(page).await?;
    let next = (runs.len() as u64 == page.limit).then_some(page.offset + page.limit);
    if as_json {
        let all: Vec<_> = runs.iter().map(view).collect();
        output::json(&json!({ "runs": all, "next": next }))?;
        return Ok(0);
    }
    let rows = runs.iter().map(|r| {
        vec![
            r.run.id.to_string(),
            output::local(r.run.started_at),
            r.run.source_name.clone(),
            r.run.mode.to_string(),
            r.status.to_string(),
            format!("+{} ~{} -{}", r.counts.added, r.counts.updated, r.counts.removed),
        ]
    });
    let header = ["RUN", "STARTED", "SOURCE", "MODE", "STATUS", "ITEMS"];
    output::table(&header, rows.collect(), "nothing was run yet");
    if let Some(next) = next {
        output::line(format!("… more: --offset {next}"));
    }
    Ok(0)
}

fn view(r: &RunRow) -> Value {
    json!({
        "id": r.run.id,
        "source": r.run.source_name,
        "trigger": r.run.trigger,
        "mode": r.run.mode,
        "status": r.status,
        "dry_run": r.run.dry_run,
        "existing": r.run.existing,
        "counts": r.counts,
        "coverage": r.coverage,
        "started_at": r.run.started_at,
        "finished_at": r.finished_at,
        "message": r.message,
        "reverts_run_id": r.run.reverts_run_id,
        "reverted_by_run_id": r.reverted_by_run_id,
    })
}

/// A run by its id, or by the only one that begins so.
async fn find(session: &Session, id: &str) -> Result<RunRow, Failure> {
    let unknown = || AppError::not_found("run", id);
    let id: RunId = id.parse().map_err(|_| unknown())?;
    Ok(session.app.store().run(id).await?.ok_or_else(unknown)?)
}

async fn show(session: &Session, id: &str, after: i64, limit: u64, as_json: bool) -> Outcome {
    let row = find(session, id).await?;
    let store = session.app.store();
    let changes = store.run_story(row.run.id, after, limit, &why_new(&row)).await?;
    let errors = store.run_errors(row.run.id).await?;
    let (items, listings) = store.created_by(row.run.id).await?;
    let totals = store.run_totals(row.run.id).await?;
    let next = changes.last().filter(|_| changes.len() as u64 == limit).map(|c| c.seq);
    let views: Vec<_> =
        changes.iter().map(|c| (c.seq, c.state, ChangeView::of_record(c))).collect();
    if as_json {
        let changes: Vec<_> = views
            .iter()
            .map(|(seq, state, view)| {
                let mut value = json!(view);
                value["seq"] = json!(seq);
                value["state"] = json!(state.as_str());
                value
            })
            .collect();
        let mut value = view(&row);
        value["created"] = json!({ "items": items, "listings": listings });
        value["totals"] = by_kind(&totals);
        value["errors"] = json!(errors);
        value["changes"] = json!(changes);
        value["next"] = json!(next);
        output::json(&value)?;
        return Ok(0);
    }
    print(&row, listings, &totals);
    print_changes(views.iter().map(|(_, state, view)| (state.as_str(), view)));
    for error in &errors {
        let what = output::plain(&format!("{}: {}", error.scope, error.message));
        output::line(format!("{}!{:#} {what}", output::WARN, output::WARN));
    }
    if let Some(next) = next {
        output::line(format!("… more: `shelfread run show {id} --after {next}`"));
    }
    Ok(0)
}

/// Why an item is new with a run.
fn why_new(row: &RunRow) -> String {
    match (row.run.trigger, row.run.source_id) {
        (Trigger::Revert, _) => "came back".to_owned(),
        (_, Some(_)) => format!("{} lists it", row.run.source_name),
        (_, None) => row.run.source_name.clone(),
    }
}

/// What was done with each kind, as an object of objects.
fn by_kind(totals: &[Total]) -> Value {
    let mut all = json!({});
    for (kind, what, count) in totals {
        all[kind.as_str()][what] = json!(count);
    }
    all
}

/// A kind of item, what was done, and with how many.
type Total = (ItemKind, String, u64);

fn print(row: &RunRow, listings: u64, totals: &[Total]) {
    let run = &row.run;
    output::line(format!(
        "{} {} of '{}': {}, begun {}",
        run.trigger,
        run.mode,
        output::plain(&run.source_name),
        output::status(row.status),
        output::local(run.started_at)
    ));
    if let Some(message) = &row.message {
        output::line(output::plain(message));
    }
    for of_kind in totals.chunk_by(|a, b| a.0 == b.0) {
        let parts: Vec<_> =
            of_kind.iter().map(|(_, what, count)| format!("{count} {}", past(what))).collect();
        output::line(format!("  {}s: {}", of_kind[0].0, parts.join(", ")));
    }
    if listings > 0 {
        output::line(format!("  {listings} listings were new"));
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

/// The changes. What went along with a removed item is one line with it; `--json` has it all.
fn print_changes<'v>(changes: impl Iterator<Item = (&'v str, &'v ChangeView)>) {
    let changes: Vec<_> = changes.collect();
    let is_removal = |c: &ChangeView| c.op == "remove" && c.entity == "item";
    let removed: HashSet<_> = changes
        .iter()
        .filter(|(_, c)| is_removal(c))
        .filter_map(|(_, c)| c.item.as_ref())
        .collect();
    for (state, change) in changes {
        let goes_along = change.item.as_ref().is_some_and(|id| removed.contains(id));
        if goes_along && !is_removal(change) {
            continue;
        }
        let mark = if state == "applied" { String::new() } else { format!("[{state}] ") };
        for text in change.lines() {
            output::line(format!("{mark}{}", output::plain(&text)));
        }
    }
}
