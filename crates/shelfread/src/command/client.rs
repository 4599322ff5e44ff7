//! `shelfread download client`

use secrecy::SecretString;
use serde_json::json;
use shelfread_app::downloads::clients::{ClientChange, ClientView};
use shelfread_domain::download::ClientKind;

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
    let clients = session.app.clients().await?;
    if as_json {
        output::json(&json!({ "clients": clients }))?;
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

async fn add(session: &Session, args: &ClientArgs) -> Outcome {
    let kind = args.kind.as_deref().ok_or_else(|| Failure::usage("give the --kind"))?;
    let known = ClientKind::ALL.map(ClientKind::as_str).join(", ");
    let kind = ClientKind::parse(kind).ok_or_else(|| {
        Failure::usage(format!("'{kind}' is no kind of download client ({known})"))
    })?;
    let added = session.app.add_client(&args.name, kind, &change(args)?).await?;
    said(&added, "added")
}

async fn set(session: &Session, args: &ClientArgs) -> Outcome {
    let known = session.app.client_view(&args.name).await?;
    if args.kind.as_deref().is_some_and(|kind| kind != known.kind.as_str()) {
        return Err(Failure::usage("a download client keeps its kind; add another one"));
    }
    said(&session.app.change_client(&args.name, &change(args)?).await?, "changed")
}

fn said(client: &ClientView, done: &str) -> Outcome {
    let name = &client.name;
    output::line(format!("{done} '{name}'; `shelfread download client test {name}` asks it"));
    Ok(0)
}

fn change(args: &ClientArgs) -> Result<ClientChange, Failure> {
    let password = args.password.clone().map(SecretString::from);
    Ok(ClientChange {
        name: args.rename.clone(),
        url: args.url.clone(),
        username: args.username.clone(),
        password: super::source::secret(password, args.password_file.as_deref())?,
        enabled: args.enabled,
    })
}

async fn test(session: &Session, name: &str, as_json: bool) -> Outcome {
    let found = session.app.ask_client(name).await?;
    if as_json {
        output::json(&found)?;
        return Ok(0);
    }
    let who = format!("{} {} (protocol {})", found.kind, found.version, found.protocol);
    output::line(format!("{}fine{:#}: {}", output::GOOD, output::GOOD, output::plain(&who)));
    Ok(0)
}
