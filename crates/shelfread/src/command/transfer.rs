//! `shelfread backup`, `shelfread export` and `shelfread import`.

use std::io::Write;

use serde_json::json;
use shelfread_app::transfer::NewFile;

use crate::cli::{BackupArgs, ExportArgs, ImportArgs};
use crate::output;
use crate::session::{Outcome, Session};

pub async fn backup(session: &Session, args: &BackupArgs) -> Outcome {
    session.app.backup(&args.file).await?;
    let file = output::plain(&args.file.display().to_string());
    output::line(format!("{file} is a copy of the database; keep shelfread.key beside it"));
    Ok(0)
}

pub async fn export(session: &Session, args: &ExportArgs) -> Outcome {
    let Some(path) = &args.file else {
        let mut out = std::io::BufWriter::new(std::io::stdout());
        session.app.export(&mut out).await?;
        return Ok(0);
    };
    let mut out = std::io::BufWriter::new(NewFile::begin(path)?);
    let done = session.app.export(&mut out).await;
    let flushed = out.flush().is_ok();
    let (file, _) = out.into_parts();
    match done {
        Ok(done) if flushed => {
            file.keep()?;
            output::line(format!("{} items in {} lines", done.items, done.lines));
            Ok(0)
        }
        done => {
            file.discard();
            done?;
            Ok(1)
        }
    }
}

pub async fn import(session: &Session, args: &ImportArgs) -> Outcome {
    let done = session.app.import(&args.file).await?;
    let reports = [done.report];
    if args.format.json {
        output::json(&json!({ "runs": reports, "new_sources": done.new_sources }))?;
        return Ok(super::sync::exit_code(&reports));
    }
    let code = super::sync::finish(&reports, false)?;
    for name in &done.new_sources {
        let name = output::plain(name);
        output::line(format!(
            "'{name}' is new and disabled: `shelfread source set {name} --enabled true`, with its token"
        ));
    }
    if reports[0].counts.added + reports[0].counts.updated > 0 {
        output::line(format!("`shelfread run revert {}` takes it back", reports[0].id));
    }
    Ok(code)
}
