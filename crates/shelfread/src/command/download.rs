//! `shelfread download`

use std::path::Path;

use serde_json::json;
use shelfread_app::downloads::{
    AddRequest, AwayClient, Did, DownloadView, ItemOfDownload, Look, Ordered, QueueQuery,
};
use shelfread_domain::download::{AwayKind, Given};

use crate::cli::{DownloadAddArgs, DownloadCommand, DownloadListArgs};
use crate::output;
use crate::session::{Failure, Outcome, Session};

/// The largest file that is read: no torrent or NZB is larger.
const MAX_FILE: u64 = 64 << 20;

pub async fn run(session: &Session, verb: &DownloadCommand) -> Outcome {
    let app = &session.app;
    match verb {
        DownloadCommand::List(args) => list(session, args).await,
        DownloadCommand::Add(args) => add(session, args).await,
        DownloadCommand::Pause { id, format } => say(&app.pause_download(id).await?, format.json),
        DownloadCommand::Resume { id, format } => say(&app.resume_download(id).await?, format.json),
        DownloadCommand::Cancel { id, keep_data, format } => {
            say(&app.cancel_download(id, *keep_data).await?, format.json)
        }
        DownloadCommand::Retry { id, format } => say(&app.retry_download(id).await?, format.json),
        DownloadCommand::Client { verb, format } => {
            super::client::run(session, verb.as_ref(), *format).await
        }
        DownloadCommand::Watch(format) => super::watch::run(session, format.json).await,
    }
}

async fn add(session: &Session, args: &DownloadAddArgs) -> Outcome {
    let request = AddRequest {
        client: session.app.client_meant(args.client.clone()).await?,
        given: given(&args.what)?,
        label: args.label.clone(),
        save_path: args.save_path.clone(),
        paused: args.paused,
    };
    say(&session.app.add_download(request).await?, args.format.json)
}

fn given(what: &str) -> Result<Given, Failure> {
    let path = Path::new(what);
    let is_link = ["magnet:", "http://", "https://"]
        .iter()
        .any(|start| what.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)));
    if is_link {
        return Ok(Given::Link(what.to_owned().into()));
    }
    let unreadable = |e: &dyn std::fmt::Display| Failure::usage(format!("{what}: {e}"));
    let size = std::fs::metadata(path).map_err(|e| unreadable(&e))?.len();
    if size > MAX_FILE {
        return Err(unreadable(&"no torrent or NZB file is that large"));
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(&e))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Given::File { name, bytes })
}

/// Says what an order did. What a client no longer has is no success for who wanted it changed.
fn say(done: &Ordered, as_json: bool) -> Outcome {
    if as_json {
        output::json(&json!({ "download": done }))?;
    } else {
        let client = &done.client;
        let did = match done.did {
            Did::Added => format!("'{client}' took it"),
            Did::AlreadyThere => format!("'{client}' had it already; it is in the queue now"),
            Did::Reused => format!("it is in the queue of '{client}' already"),
            Did::Paused => "paused".to_owned(),
            Did::Resumed => "goes on".to_owned(),
            Did::Already => "it was so already".to_owned(),
            Did::Absent => format!("'{client}' no longer has it"),
            Did::CancelledWithData => format!("'{client}' dropped it and its data"),
            Did::Cancelled => format!("'{client}' dropped it; its data stays"),
            Did::Gone => "it had gone before".to_owned(),
            Did::Retried => "is tried again".to_owned(),
            Did::NotFailed => "it has not failed; there is nothing to try again".to_owned(),
        };
        let id = done.id.map(|id| format!("  ({id})")).unwrap_or_default();
        output::line(format!("{}: {did}{id}", output::plain(&done.title)));
    }
    Ok(if done.did == Did::Absent { 3 } else { 0 })
}

async fn list(session: &Session, args: &DownloadListArgs) -> Outcome {
    let app = &session.app;
    let query = QueueQuery { client: args.client.clone(), item: args.item.clone() };
    let looks = if args.offline { Vec::new() } else { app.look_at_all().await? };
    let page = app.downloads(&query, args.after.as_deref(), args.limit).await?;
    if args.format.json {
        output::json(&page)?;
        return Ok(0);
    }
    let header =
        ["ID", "CLIENT", "STATE", "DONE", "SIZE", "SPEED", "LEFT", "RATIO", "TITLE", "FOR"];
    let rows = page.downloads.iter().map(row).collect();
    let nothing = if app.clients().await?.is_empty() {
        "there is no download client yet; `shelfread download client add` makes one"
    } else {
        "nothing is downloaded"
    };
    output::table(&header, rows, nothing);
    if let Some(next) = page.next {
        output::line(format!("… more: `shelfread download list --after {next}`"));
    }
    tell_away(&page.away, &looks);
    Ok(0)
}

/// Says which clients did not answer, and why.
fn tell_away(clients: &[AwayClient], looks: &[Look]) {
    for away in clients {
        let asked = looks.iter().any(|look| look.client == away.client);
        let hint = match away.kind {
            AwayKind::Refused if !asked => {
                format!("; not asked again before `shelfread download client test {}`", away.client)
            }
            _ => String::new(),
        };
        let what = output::plain(&format!("{}: {}", away.client, away.reason));
        let since = output::local(away.since);
        let (on, off) = (output::WARN, format!("{:#}", output::WARN));
        output::line(format!("{on}!{off} {what} ({} since {since}){hint}", away.kind));
    }
}

fn row(d: &DownloadView) -> Vec<String> {
    let state = match (&d.pending, d.unreachable_since, d.stalled_since) {
        (Some(op), ..) => format!("{} ({op})", d.state),
        (_, Some(_), _) => format!("{}?", d.state),
        (.., Some(since)) => format!("stalled since {}", output::local(since)),
        _ => d.state.to_string(),
    };
    let speed = match (d.down_speed.unwrap_or(0), d.up_speed.unwrap_or(0)) {
        (0, 0) => String::new(),
        (0, up) => format!("↑ {}/s", output::bytes(up)),
        (down, 0) => format!("{}/s", output::bytes(down)),
        (down, up) => format!("{}/s ↑ {}/s", output::bytes(down), output::bytes(up)),
    };
    vec![
        d.id.to_string(),
        d.client.clone(),
        state,
        format!("{:.1} %", d.progress * 100.0),
        d.size_bytes.map(output::bytes).unwrap_or_default(),
        speed,
        d.eta_seconds.map(output::span).unwrap_or_default(),
        d.ratio.map(|r| format!("{r:.2}")).unwrap_or_default(),
        d.title.clone(),
        what_for(d),
    ]
}

fn what_for(d: &DownloadView) -> String {
    match &d.items[..] {
        [] => format!("? {}", d.match_reason.as_deref().unwrap_or_default()),
        [one] => one_item(one),
        [first, .., last] => {
            format!("{} … {} ({})", one_item(first), one_item(last), d.items.len())
        }
    }
}

fn one_item(item: &ItemOfDownload) -> String {
    match (&item.show, item.season, item.episode) {
        (Some(show), Some(season), Some(episode)) => format!("{show} {season}x{episode:02}"),
        (Some(show), Some(season), None) => format!("{show}, season {season}"),
        _ => item.title.clone(),
    }
}
