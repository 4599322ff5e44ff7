//! `shelfread viewer` and `shelfread progress`

use serde_json::json;
use shelfread_app::play::Restored;
use shelfread_store::ViewerRow;

use crate::cli::{ProgressCommand, ViewerCommand};
use crate::output;
use crate::session::{Outcome, Session};

pub async fn viewer(session: &Session, verb: &ViewerCommand) -> Outcome {
    let (viewers, as_json) = match verb {
        ViewerCommand::List(format) => (session.app.store().viewers().await?, format.json),
        ViewerCommand::Join { viewers, apart: false, format } => {
            (session.app.join_viewers(viewers).await?, format.json)
        }
        ViewerCommand::Join { viewers, apart: true, format } => {
            (session.app.part_viewers(viewers).await?, format.json)
        }
    };
    if as_json {
        output::json(&json!({ "viewers": viewers }))?;
        return Ok(0);
    }
    let rows = viewers.iter().map(row).collect();
    let header = ["ID", "VIEWER", "PERSON", "PLAY STATES"];
    output::table(&header, rows, "no source was read yet whose viewers are known");
    Ok(0)
}

fn row(viewer: &ViewerRow) -> Vec<String> {
    let waiting = viewer.retry_at.filter(|_| viewer.failures > 0);
    vec![
        viewer.id.to_string(),
        format!("{}@{}", viewer.name, viewer.source),
        viewer.person_id.map(|id| id.to_string()).unwrap_or_default(),
        waiting.map(|at| format!("failed; again {}", output::local(at))).unwrap_or_default(),
    ]
}

pub async fn progress(session: &Session, verb: &ProgressCommand) -> Outcome {
    let ProgressCommand::Restore { to, apply, format } = verb;
    let all = session.app.restore_play_states(to, *apply).await?;
    let failed = all.iter().any(|restored| *apply && !restored.written);
    let code = if failed { 3 } else { 0 };
    if format.json {
        output::json(&json!({ "source": to, "applied": apply, "states": all }))?;
        return Ok(code);
    }
    for restored in &all {
        output::line(output::plain(&line(restored)));
    }
    output::line(match (all.len(), apply) {
        (0, _) => format!("'{to}' has all that is known"),
        (n, false) => format!("{n} to write; `shelfread progress restore --to {to} --apply` does"),
        (n, true) => format!("{} of {n} written", all.iter().filter(|r| r.written).count()),
    });
    Ok(code)
}

fn line(restored: &Restored) -> String {
    let state = restored.state;
    let seen = if state.played { "played" } else { "not played" };
    let at = match state.position_seconds {
        0 => String::new(),
        seconds => format!(", at {seconds} s"),
    };
    let last = state.last_played_at.map(|t| format!(", {}", output::local(t))).unwrap_or_default();
    let error = restored.error.as_ref().map(|e| format!("  ({e})")).unwrap_or_default();
    format!("{}: {seen}{at}{last}{error}", restored.label)
}
