//! `shelfread source`

use std::io::Read;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use shelfread_app::sources::SourceChange;

use crate::cli::{SourceArgs, SourceCommand};
use crate::output;
use crate::session::{Failure, Outcome, Session};

pub async fn run(session: &Session, verb: &SourceCommand) -> Outcome {
    match verb {
        SourceCommand::List(format) => list(session, format.json).await,
        SourceCommand::Add(args) => add(session, args).await,
        SourceCommand::Set(args) => set(session, args).await,
        SourceCommand::Test { name, format } => test(session, name, format.json).await,
        SourceCommand::Hook { name, renew, format } => {
            hook(session, name, *renew, format.json).await
        }
        SourceCommand::Schedule(format) => schedule(session, format.json).await,
        SourceCommand::Remove { name } => {
            let removed = session.app.remove_source(name).await?;
            output::line(format!("forgot '{name}'; {removed} items are no longer listed anywhere"));
            Ok(0)
        }
    }
}

async fn list(session: &Session, as_json: bool) -> Outcome {
    let sources = session.app.sources().await?;
    if as_json {
        output::json(&json!({ "sources": sources }))?;
        return Ok(0);
    }
    let rows = sources.iter().map(|s| {
        let health = match (&s.last_error, s.last_seen_at) {
            _ if !s.enabled => "disabled".to_owned(),
            (Some(error), _) => error.clone(),
            (None, Some(at)) => format!("answered {}", output::local(at)),
            (None, None) => "not asked yet".to_owned(),
        };
        let priority = s.priority.to_string();
        vec![s.name.clone(), s.kind.to_string(), s.url.clone(), priority, health]
    });
    let header = ["NAME", "KIND", "ADDRESS", "PRIORITY", "HEALTH"];
    output::table(&header, rows.collect(), "there is no source yet");
    Ok(0)
}

async fn hook(session: &Session, name: &str, renew: bool, as_json: bool) -> Outcome {
    let secret = match renew {
        true => session.app.set_hook_secret(name, None).await?,
        false => session.app.hook_secret(name).await?,
    };
    let key = secret.expose_secret();
    let path = format!("/hooks/{}?key={}", encoded(name), encoded(key));
    if as_json {
        output::json(&json!({ "name": name, "path": path, "key": key }))?;
        return Ok(0);
    }
    output::line(format!("webhooks of '{name}' call {path} at the address of the server"));
    output::line("  or without ?key=… and with the header X-Hook-Key, where a program can set one");
    Ok(0)
}

/// As a part of an address.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

async fn schedule(session: &Session, as_json: bool) -> Outcome {
    let all = session.app.schedule().await?;
    if as_json {
        output::json(&json!({ "schedule": all }))?;
        return Ok(0);
    }
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), output::local);
    let rows = all.into_iter().map(|s| {
        let state = match (s.paused, s.running, s.backing_off_until) {
            (true, ..) => "disabled".to_owned(),
            (_, true, _) => "is being synced".to_owned(),
            (_, _, Some(until)) => {
                format!("left alone until {}: {}", output::local(until), s.why.unwrap_or_default())
            }
            _ => s.why.unwrap_or_else(|| "fine".to_owned()),
        };
        let (full, quick) = (time(s.next_full), time(s.next_quick));
        vec![s.source, s.full, full, s.quick, quick, state]
    });
    let header = ["NAME", "FULL", "NEXT", "QUICK", "NEXT", "STATE"];
    output::table(&header, rows.collect(), "there is no source yet");
    Ok(0)
}

async fn add(session: &Session, args: &SourceArgs) -> Outcome {
    let kind = args.kind.as_deref().ok_or_else(|| Failure::usage("give the --kind"))?;
    let kind = kind.parse().map_err(|e| Failure::usage(format!("{e}")))?;
    session.app.add_source(&args.name, kind, &change(args)?).await?;
    said(&args.name, "added")
}

async fn set(session: &Session, args: &SourceArgs) -> Outcome {
    let known = session.app.source_view(&args.name).await?;
    if args.kind.as_deref().is_some_and(|kind| kind != known.kind.as_str()) {
        return Err(Failure::usage("a source keeps its kind; add another one"));
    }
    session.app.change_source(&args.name, &change(args)?).await?;
    said(&args.name, "changed")
}

fn said(name: &str, done: &str) -> Outcome {
    output::line(format!("{done} '{name}'; `shelfread source test {name}` asks it"));
    Ok(0)
}

fn change(args: &SourceArgs) -> Result<SourceChange, Failure> {
    let path = args.path.as_deref().map(crate::wiring::absolute).transpose()?;
    let token = args.token.clone().map(SecretString::from);
    Ok(SourceChange {
        url: path.or_else(|| args.url.clone()),
        token: secret(token, args.token_file.as_deref())?,
        user: args.user.clone(),
        media: args.media.clone(),
        path_map: None,
        on_missing: args.on_missing.clone(),
        max_removals: args.max_removals.clone(),
        priority: args.priority,
        enabled: args.enabled,
    })
}

/// A secret that was given, or that a file holds; `-` is standard input.
pub fn secret(
    given: Option<SecretString>,
    file: Option<&std::path::Path>,
) -> Result<Option<SecretString>, Failure> {
    let Some(path) = file else { return Ok(given) };
    let mut text = String::new();
    let read = match path.to_str() {
        Some("-") => std::io::stdin().read_to_string(&mut text).map(|_| text),
        _ => std::fs::read_to_string(path),
    };
    let text = read.map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    Ok(Some(text.trim().to_owned().into()))
}

async fn test(session: &Session, name: &str, as_json: bool) -> Outcome {
    let found = session.app.test_source(name).await?;
    if as_json {
        output::json(&found.view(name))?;
        return Ok(0);
    }
    let identity = &found.identity;
    let who = output::plain(&format!("{} ({})", identity.name, identity.version));
    output::line(format!("{}fine{:#}: {who}", output::GOOD, output::GOOD));
    if let Some(viewer) = &identity.viewer {
        output::line(format!("  play state of {}", output::plain(&viewer.name)));
    }
    for library in &found.libraries {
        let name = output::plain(&library.name);
        output::line(format!("  library {name} ({})", library.kind.as_str()));
    }
    Ok(0)
}
