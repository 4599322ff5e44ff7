//! `shelfread item remove ID --everywhere`: shown first, done when a person says so.

use std::io::{IsTerminal, Write};

use serde_json::json;
use shelfread_app::items::item_id;
use shelfread_app::person::{RemovalReport, RemovalView};
use shelfread_domain::RunStatus;
use shelfread_store::RemovalState;

use crate::cli::ItemRemoveArgs;
use crate::output;
use crate::session::{Failure, Outcome, Session};

pub async fn run(session: &Session, args: &ItemRemoveArgs) -> Outcome {
    let item = item_id(&args.id)?;
    let asks = !args.yes && !args.format.json && std::io::stdin().is_terminal();
    if !args.yes {
        let preview = session.app.preview_removal(item).await?;
        if args.format.json {
            output::json(&shown(&preview, true))?;
            return Ok(0);
        }
        print_preview(&preview);
        if preview.gone || !asks || !confirmed()? {
            if !preview.gone {
                output::line("nothing was done; --yes does it");
            }
            return Ok(0);
        }
    }
    let report = session.app.remove_everywhere(item).await?;
    if args.format.json {
        output::json(&shown(&report, false))?;
    } else {
        print_report(&report);
    }
    Ok(exit_code(&report))
}

fn shown(report: &RemovalReport, dry_run: bool) -> serde_json::Value {
    let mut value = json!(report);
    value["dry_run"] = json!(dry_run);
    value
}

/// 0 done; 1 nothing could be done; 3 some sources still have it.
fn exit_code(report: &RemovalReport) -> u8 {
    match report.status {
        Some(RunStatus::Failed) => 1,
        Some(RunStatus::Partial) => 3,
        _ => 0,
    }
}

fn confirmed() -> Result<bool, Failure> {
    let broken = |e: std::io::Error| Failure::broken(e.to_string());
    anstream::print!("remove it from all of these? Files do not come back. [yes/N] ");
    std::io::stdout().flush().map_err(broken)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(broken)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

fn print_preview(report: &RemovalReport) {
    if report.gone {
        return print_report(report);
    }
    output::line(output::plain(&format!("{} would be removed:", report.label)));
    for target in &report.targets {
        line(target, output::WARN, &foreseen(target));
    }
    if report.targets.is_empty() {
        output::line("  no source lists it; only the catalogue's row goes");
    }
}

fn print_report(report: &RemovalReport) {
    output::line(output::plain(&report.label));
    for target in &report.targets {
        let style = if target.state.is_settled() { output::GOOD } else { output::BAD };
        line(target, style, &done(target));
    }
    match (report.gone, report.run) {
        (true, _) => output::line("the catalogue no longer has it"),
        (false, Some(run)) => {
            output::line(format!("it stays in the catalogue; the same command goes on (run {run})"))
        }
        (false, None) => {}
    }
}

fn line(target: &RemovalView, style: anstyle::Style, what: &str) {
    let place = format!("{} in {} as {}", target.source, target.library, target.remote_id);
    let text = output::plain(&format!("{place}: {}: {what}", target.label));
    output::line(format!("  {style}{text}{style:#}"));
}

fn foreseen(target: &RemovalView) -> String {
    let reason = target.reason.as_deref().unwrap_or_default();
    match (target.effect.as_deref(), target.state) {
        (Some("files"), _) => "its files are deleted".to_owned(),
        (Some("entry"), _) => "only the entry goes, files stay".to_owned(),
        (Some(_), _) => "its files are deleted; it stays listed, and is not looked for".to_owned(),
        (None, RemovalState::NotSupported) => format!("not supported: {reason}"),
        (None, _) => reason.to_owned(),
    }
}

fn done(target: &RemovalView) -> String {
    let what = match (target.state, target.effect.as_deref()) {
        (RemovalState::Done, Some("entry")) => "the entry is gone",
        (RemovalState::Done, Some("files_only")) => "its files are deleted; it is still listed",
        (RemovalState::Done, _) => "deleted",
        (RemovalState::NotNeeded, _) => "nothing was needed",
        (RemovalState::NotSupported, _) => "not supported",
        (RemovalState::Failed, _) => "failed",
        (RemovalState::Pending, _) => "not yet tried",
    };
    match &target.reason {
        Some(reason) => format!("{what}: {reason}"),
        None => what.to_owned(),
    }
}
