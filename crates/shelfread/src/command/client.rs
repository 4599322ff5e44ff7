//! `shelfread download client`

use secrecy::SecretString;
use serde_json::{Value, json};
use shelfread_app::AppError;
use shelfread_app::downloads::clients::new_client;
use shelfread_domain::download::ClientKind;
use shelfread_domain::id::ClientId;
use shelfread_store::{ClientRow, ManagedBy};
use uuid::Uuid;

use crate::cli::{ClientArgs, ClientCommand, Format};
use crate::output;
use crate::session::{Failure, Outcome, Session};

pub async fn run(session: &Session, verb: Option<&ClientCommand>, format: Format) -> Outcome {
    match verb {
        None => list(session, format.json).await,
        Some(ClientCommand::List(format)) => list(session, format.json).await,
        Some(ClientCommand::Add(args)) => add(session, args).await,
        Some(ClientCommand::Set(args)) => set(session, args).await,
        Some(ClientCommand::Test { name, format }) => test(session, name, format.json).await,
        Some(ClientCommand::Remove { name }) => {
            let rows = session.app.remove_client(name).await?;
            output::line(format!(
                "forgot '{name}' and its {rows} downloads; its transfers go on, its history stays"
            ));
            Ok(0)
        }
    }
}

async fn list(session: &Session, as_json: bool) -> Outcome {
    let clients = session.app.store().clients().await?;
    if as_json {
        let all: Vec<_> = clients.iter().map(view).collect();
        output::json(&json!({ "clients": all }))?;
        return Ok(0);
    }
    let rows = clients.iter().map(|c| {
        let health = match &c.away {
            _ if !c.enabled => "disabled".to_owned(),
            Some(away) => {
                format!("{} since {}: {}", away.kind, output::local(away.since), away.reason)
            }
            None => "answers, as far as known".to_owned(),
        };
        vec![c.name.clone(), c.kind.to_string(), c.url.clone(), health]
    });
    let header = ["NAME", "KIND", "ADDRESS", "HEALTH"];
    output::table(&header, rows.collect(), "there is no download client yet");
    Ok(0)
}

fn view(c: &ClientRow) -> Value {
    json!({
        "id": c.id,
        "name": c.name,
        "kind": c.kind,
        "url": c.url,
        "settings": c.settings,
        "has_password": c.secret.is_some() || c.secret_problem.is_some(),
        "enabled": c.enabled,
        "managed_by": c.managed_by.as_str(),
        "away": c.away,
    })
}

async fn add(session: &Session, args: &ClientArgs) -> Outcome {
    if session.app.store().client_by_name(&args.name).await?.is_some() {
        let message = format!(
            "there is a download client '{}' already; use `download client set`",
            args.name
        );
        return Err(Failure::usage(message));
    }
    let kind = args.kind.as_deref().ok_or_else(|| Failure::usage("give the --kind"))?;
    let known = ClientKind::ALL.map(ClientKind::as_str).join(", ");
    let kind = ClientKind::parse(kind).ok_or_else(|| {
        Failure::usage(format!("'{kind}' is no kind of download client ({known})"))
    })?;
    let clients = session.app.store().clients().await?;
    let priority = clients.iter().map(|c| c.priority).max().unwrap_or(0) + 10;
    let new = new_client(ClientId(Uuid::now_v7()), &args.name, kind, ManagedBy::Person);
    save(session, args, ClientRow { priority, ..new }, "added").await
}

async fn set(session: &Session, args: &ClientArgs) -> Outcome {
    let known = session.app.store().client_by_name(&args.name).await?;
    let known = known.ok_or_else(|| AppError::not_found("download client", &args.name))?;
    if args.kind.as_deref().is_some_and(|kind| kind != known.kind.as_str()) {
        return Err(Failure::usage("a download client keeps its kind; add another one"));
    }
    if known.managed_by == ManagedBy::File {
        let message = format!("'{}' is declared in the configuration; change it there", args.name);
        return Err(Failure::usage(message));
    }
    save(session, args, known, "changed").await
}

async fn save(session: &Session, args: &ClientArgs, mut row: ClientRow, done: &str) -> Outcome {
    if let Some(url) = &args.url {
        row.url.clone_from(url);
    }
    if let Some(username) = &args.username {
        row.settings = crate::wiring::downloads::settings(Some(username));
    }
    let password = args.password.clone().map(SecretString::from);
    if let Some(secret) = super::source::secret(password, args.password_file.as_deref())? {
        (row.secret, row.secret_problem) = (Some(secret), None);
    }
    row.enabled = args.enabled.unwrap_or(row.enabled);
    if let Some(name) = &args.rename {
        row.name.clone_from(name);
    }
    session.app.save_client(&row).await?;
    let name = &row.name;
    output::line(format!("{done} '{name}'; `shelfread download client test {name}` asks it"));
    Ok(0)
}

async fn test(session: &Session, name: &str, as_json: bool) -> Outcome {
    let found = session.app.test_client(name).await?;
    // It answers: what was marked away is not.
    if let Some(client) = session.app.store().client_by_name(name).await? {
        session.app.look(client.id).await?;
    }
    if as_json {
        output::json(&json!({
            "client": name,
            "kind": found.kind,
            "version": found.version,
            "protocol": found.protocol,
        }))?;
        return Ok(0);
    }
    let who = format!("{} {} (protocol {})", found.kind, found.version, found.protocol);
    output::line(format!("{}fine{:#}: {}", output::GOOD, output::GOOD, output::plain(&who)));
    Ok(0)
}
