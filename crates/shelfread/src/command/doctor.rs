//! `shelfread doctor`

use serde_json::json;
use shelfread_store::Finding;

use crate::cli::DoctorArgs;
use crate::output;
use crate::session::{Outcome, Session};

pub async fn run(session: &Session, args: &DoctorArgs) -> Outcome {
    let report = match args.repair {
        true => session.app.repair(!args.offline).await?,
        false => session.app.doctor(!args.offline).await?,
    };
    if args.format.json {
        output::json(&json!(report))?;
    } else {
        report.mended.iter().for_each(|mended| line("mended", output::GOOD, mended));
        report.findings.iter().for_each(|finding| line("!", output::BAD, finding));
        for connection in &report.connections {
            let (style, text) = match &connection.problem {
                None => (output::GOOD, "answers".to_owned()),
                Some(problem) => (output::WARN, problem.clone()),
            };
            let text = output::plain(&format!("{}: {text}", connection.source));
            output::line(format!("{style}{text}{style:#}"));
        }
        if report.findings.is_empty() {
            output::line("the catalogue keeps its promises");
        }
    }
    let bad = report.connections.iter().any(|c| c.problem.is_some());
    Ok(if report.findings.is_empty() { if bad { 3 } else { 0 } } else { 1 })
}

fn line(mark: &str, style: anstyle::Style, finding: &Finding) {
    let text = format!("{}: {}: {}", finding.kind, finding.subject, finding.message);
    output::line(format!("{style}{mark}{style:#} {}", output::plain(&text)));
}
