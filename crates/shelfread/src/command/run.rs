//! `shelfread run`

use std::collections::HashSet;

use shelfread_app::AppError;
use shelfread_app::render::ChangeView;
use shelfread_app::rows::RunFilter;
use shelfread_app::runs::{RunLine, RunShown};
use shelfread_domain::{ItemKind, RunId};

use crate::cli::RunCommand;
use crate::output;
use crate::progress::Watcher;
use crate::session::{Outcome, Session};

const KINDS: [ItemKind; 4] = [ItemKind::Movie, ItemKind::Show, ItemKind::Season, ItemKind::Episode];

pub async fn run(session: &Session, verb: &RunCommand) -> Outcome {
    match verb {
        RunCommand::List { limit, offset, format } => {
            list(session, *offset, *limit, format.json).await
        }
        RunCommand::Approve { id, format } => {
            let watcher = Watcher::new(format.json, false);
            let report = session.app.approve(run_id(id)?, &watcher).await?;
            super::sync::finish(&[report], format.json)
        }
        RunCommand::Discard { id } => {
            let kept = session.app.discard(run_id(id)?).await?;
            output::line(format!("{kept} items are kept, and not asked about again"));
            Ok(0)
        }
        RunCommand::Revert { id, format } => {
            let report = session.app.revert(run_id(id)?).await?;
            super::sync::finish(&[report], format.json)
        }
        RunCommand::Show { id, after, limit, format } => {
            show(session, id, *after, *limit, format.json).await
        }
    }
}

async fn list(session: &Session, offset: u64, limit: u64, as_json: bool) -> Outcome {
    let page = session.app.runs(&RunFilter::default(), offset, limit).await?;
    if as_json {
        output::json(&page)?;
        return Ok(0);
    }
    let rows = page.runs.iter().map(|r| {
        vec![
            r.id.to_string(),
            output::local(r.started_at),
            r.source.clone(),
            r.mode.to_string(),
            r.status.to_string(),
            format!("+{} ~{} -{}", r.counts.added, r.counts.updated, r.counts.removed),
        ]
    });
    let header = ["RUN", "STARTED", "SOURCE", "MODE", "STATUS", "ITEMS"];
    output::table(&header, rows.collect(), "nothing was run yet");
    if let Some(next) = page.next {
        output::line(format!("… more: --offset {next}"));
    }
    Ok(0)
}

/// The id of a run.
fn run_id(text: &str) -> Result<RunId, AppError> {
    text.parse().map_err(|_| AppError::not_found("run", text))
}

async fn show(session: &Session, id: &str, after: i64, limit: u64, as_json: bool) -> Outcome {
    let shown = session.app.run(run_id(id)?, after, limit).await?;
    if as_json {
        output::json(&shown)?;
        return Ok(0);
    }
    print(&shown);
    print_changes(&shown.lines.changes);
    for error in &shown.errors {
        let what = output::plain(&format!("{}: {}", error.scope, error.message));
        output::line(format!("{}!{:#} {what}", output::WARN, output::WARN));
    }
    if let Some(next) = shown.lines.next {
        output::line(format!("… more: `shelfread run show {id} --after {next}`"));
    }
    Ok(0)
}

fn print(shown: &RunShown) {
    let run = &shown.run;
    output::line(format!(
        "{} {} of '{}': {}, begun {}",
        run.trigger,
        run.mode,
        output::plain(&run.source),
        output::status(run.status),
        output::local(run.started_at)
    ));
    if let Some(message) = &run.message {
        output::line(output::plain(message));
    }
    for kind in KINDS {
        let Some(of_kind) = shown.totals.get(kind.as_str()) else { continue };
        let parts: Vec<_> =
            of_kind.iter().map(|(what, count)| format!("{count} {}", past(what))).collect();
        output::line(format!("  {kind}s: {}", parts.join(", ")));
    }
    if shown.created.listings > 0 {
        output::line(format!("  {} listings were new", shown.created.listings));
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
fn print_changes(changes: &[RunLine]) {
    let is_removal = |c: &ChangeView| c.op == "remove" && c.entity == "item";
    let removed: HashSet<_> = changes
        .iter()
        .filter(|line| is_removal(&line.change))
        .filter_map(|line| line.change.item.as_ref())
        .collect();
    for RunLine { state, change, .. } in changes {
        let goes_along = change.item.as_ref().is_some_and(|id| removed.contains(id));
        if goes_along && !is_removal(change) {
            continue;
        }
        let state = state.as_str();
        let mark = if state == "applied" { String::new() } else { format!("[{state}] ") };
        for text in change.lines() {
            output::line(format!("{mark}{}", output::plain(&text)));
        }
    }
}
