//! Who answers, whose token this is, and which libraries its user may see.

use shelfread_domain::port::{
    LibraryKind, Problem, RemoteLibrary, ServerIdentity, SourceError, Viewer,
};

use crate::Plex;
use crate::wire::{Accounts, Section};

/// The account that a server gives to its owner, whoever that is.
const OWNER: i64 = 1;

pub async fn identify(plex: &Plex) -> Result<ServerIdentity, SourceError> {
    let who = plex.api.identity().await?;
    let Some(server_id) = who.machine_identifier else {
        return Err(error(plex, wrong_server()));
    };
    let server = plex.api.server().await?;
    let version = server.version.or(who.version).unwrap_or_default();
    Ok(ServerIdentity {
        name: server.friendly_name.unwrap_or_else(|| server_id.clone()),
        server_id,
        version: format!("Plex Media Server {version}").trim_end().to_owned(),
        viewer: Some(viewer(plex, plex.api.accounts().await?)?),
    })
}

/// The sections of films and shows. That there are none is only certain when the owner asks.
pub async fn libraries(plex: &Plex) -> Result<Vec<RemoteLibrary>, SourceError> {
    let sections = plex.api.sections().await?;
    if sections.is_empty() && plex.api.accounts().await?.is_none() {
        return Err(error(plex, Problem::Forbidden));
    }
    Ok(sections.into_iter().filter_map(library).collect())
}

fn library(section: Section) -> Option<RemoteLibrary> {
    let kind = match section.kind.as_deref()? {
        "movie" => LibraryKind::Movies,
        "show" => LibraryKind::Shows,
        _ => return None,
    };
    let remote_id = section.uuid?;
    Some(RemoteLibrary {
        name: section.title.unwrap_or_else(|| remote_id.clone()),
        remote_id,
        kind,
    })
}

/// The user of the token. Plex shows its accounts to the owner only, so a token that sees them is
/// the owner's; for any other the configuration may say whose it is.
fn viewer(plex: &Plex, accounts: Option<Accounts>) -> Result<Viewer, SourceError> {
    let Some(accounts) = accounts else {
        let name = plex.user.clone().unwrap_or_else(|| format!("user {}", plex.token_mark));
        return Ok(Viewer { remote_user: name.clone(), name });
    };
    let owner = accounts.accounts.into_iter().find(|a| a.id == Some(OWNER));
    let name = owner.and_then(|a| a.name).unwrap_or_else(|| "owner".to_owned());
    match &plex.user {
        Some(user) if *user != name => Err(error(
            plex,
            Problem::Configuration(format!(
                "the token is that of the owner '{name}' and not of '{user}'; set a token of '{user}'"
            )),
        )),
        _ => Ok(Viewer { remote_user: OWNER.to_string(), name }),
    }
}

fn wrong_server() -> Problem {
    Problem::WrongServer {
        expected: "a Plex Media Server".into(),
        found: "something that answers without a machineIdentifier".into(),
    }
}

fn error(plex: &Plex, problem: Problem) -> SourceError {
    SourceError::new(format!("asking Plex at {}", plex.api.http.base_url()), problem)
}
