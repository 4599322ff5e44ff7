//! `shelfread run`

use serde_json::{Value, json};
use shelfread_app::AppError;
use shelfread_app::render::ChangeView;
use shelfread_domain::RunId;
use shelfread_store::{Page, RunRow};

use crate::cli::RunCommand;
use crate::output;
use crate::progress::Watcher;
use crate::session::{Failure, Outcome, Session};

pub async fn run(session: &Session, verb: &RunCommand) -> Outcome {
    match verb {
        RunCommand::List { limit, format } => list(session, *limit, format.json).await,
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

async fn list(session: &Session, limit: u64, as_json: bool) -> Outcome {
    let runs = session.app.store().runs(Page { offset: 0, limit }).await?;
    if as_json {
        let all: Vec<_> = runs.iter().map(view).collect();
        output::json(&json!({ "runs": all }))?;
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
    let changes = store.run_changes(row.run.id, after, limit).await?;
    let errors = store.run_errors(row.run.id).await?;
    let (items, listings) = store.created_by(row.run.id).await?;
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
        value["errors"] = json!(errors);
        value["changes"] = json!(changes);
        value["next"] = json!(next);
        output::json(&value)?;
        return Ok(0);
    }
    print(&row, items, listings, views.iter().map(|(_, state, view)| (state.as_str(), view)));
    for error in &errors {
        let what = output::plain(&format!("{}: {}", error.scope, error.message));
        output::line(format!("{}!{:#} {what}", output::WARN, output::WARN));
    }
    if let Some(next) = next {
        output::line(format!("… more: `shelfread run show {id} --after {next}`"));
    }
    Ok(0)
}

fn print<'v>(
    row: &RunRow,
    items: u64,
    listings: u64,
    changes: impl Iterator<Item = (&'v str, &'v ChangeView)>,
) {
    let run = &row.run;
    output::line(format!(
        "{} {} of '{}': {}, begun {}",
        run.trigger,
        run.mode,
        output::plain(&run.source_name),
        output::status(row.status),
        output::local(run.started_at)
    ));
    if items + listings > 0 {
        output::line(format!("+ {items} items and {listings} listings were new"));
    }
    for (state, change) in changes {
        let mark = if state == "applied" { String::new() } else { format!("[{state}] ") };
        for text in change.lines() {
            output::line(format!("{mark}{}", output::plain(&text)));
        }
    }
}
