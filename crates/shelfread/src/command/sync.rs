//! `shelfread sync`

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use shelfread_app::{RunReport, SyncRequest};
use shelfread_domain::{RunStatus, Trigger};

use crate::cli::SyncArgs;
use crate::output;
use crate::progress::Watcher;
use crate::session::{Failure, Outcome, Session};
use crate::wiring;

pub async fn run(session: &Session, args: &SyncArgs) -> Outcome {
    let mut sources = Vec::new();
    for name in &args.sources {
        sources.push(source_name(session, name).await?);
    }
    let request = SyncRequest {
        sources,
        library: args.library.clone(),
        dry_run: args.dry_run,
        existing: args.existing.into(),
        quick: args.quick,
        trigger: Trigger::Manual,
        ..SyncRequest::default()
    };
    let watcher = Arc::new(Watcher::new(args.format.json, args.dry_run));
    let reports = session.app.sync(&request, watcher).await?;
    finish(&reports, args.format.json)
}

/// Prints the reports of runs and gives the exit code that they amount to.
pub fn finish(reports: &[RunReport], as_json: bool) -> Outcome {
    if as_json {
        output::json(&json!({ "runs": reports }))?;
    } else {
        show(reports);
    }
    Ok(exit_code(reports))
}

/// A path is a source as well: the one that has it, or a new one.
async fn source_name(session: &Session, name: &str) -> Result<String, Failure> {
    let known = session.app.store().source_by_name(name).await?.is_some();
    if known || !name.contains('/') {
        return Ok(name.to_owned());
    }
    wiring::folder_source(&session.app, Path::new(name)).await
}

/// 0 done; 1 all failed; 3 finished, but something is held, partial or failed.
pub fn exit_code(reports: &[RunReport]) -> u8 {
    let failed = reports.iter().filter(|r| r.status == RunStatus::Failed).count();
    // A dry run is as fine as the run that it shows would be.
    let planned = |r: &RunReport| {
        r.status == RunStatus::Planned
            && r.errors.is_empty()
            && r.counts.held + r.counts.failed == 0
    };
    let fine = |r: &RunReport| r.status == RunStatus::Succeeded || planned(r);
    match failed {
        n if n > 0 && n == reports.len() => 1,
        _ if reports.iter().all(fine) => 0,
        _ => 3,
    }
}

fn show(reports: &[RunReport]) {
    if reports.is_empty() {
        output::line("there is no source yet; `shelfread sync FOLDER/` or `shelfread source add`");
    }
    for report in reports {
        let name = output::plain(&report.source);
        output::line(format!("{name}: {}  (run {})", output::status(report.status), report.id));
        output::line(format!("  {}", counts(report)));
        for library in &report.coverage {
            if let Some(reason) = library.coverage.reason.as_deref() {
                let what = output::plain(&format!("{}: {reason}", library.library));
                output::line(format!("  not complete: {what}"));
            }
        }
        for error in &report.errors {
            let what = output::plain(&format!("{}: {}", error.scope, error.message));
            output::line(format!("  {}!{:#} {what}", output::WARN, output::WARN));
        }
    }
}

fn counts(report: &RunReport) -> String {
    let c = report.counts;
    let all = [
        ("added", c.added),
        ("updated", c.updated),
        ("relinked", c.relinked),
        ("unchanged", c.unchanged),
        ("missing", c.missing),
        ("removed", c.removed),
        ("held", c.held),
        ("conflicts", c.conflicts),
        ("failed", c.failed),
    ];
    let said = all.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}"));
    let parts: Vec<_> = std::iter::once(format!("{} seen", c.seen)).chain(said).collect();
    parts.join(", ")
}
