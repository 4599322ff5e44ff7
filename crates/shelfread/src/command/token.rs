//! `shelfread token`: which programs may use the server.

use secrecy::ExposeSecret;
use serde_json::json;
use shelfread_app::access::{Scope, TokenView};
use shelfread_domain::length;

use crate::cli::TokenCommand;
use crate::output;
use crate::session::{Failure, Outcome, Session};

pub async fn run(session: &Session, verb: &TokenCommand) -> Outcome {
    match verb {
        TokenCommand::List(format) => list(session, format.json).await,
        TokenCommand::Create { name, scope, expires, format } => {
            create(session, name, scope, expires.as_deref(), format.json).await
        }
        TokenCommand::Revoke { name } => {
            session.app.revoke_token(name).await?;
            output::line(format!("the token '{name}' no longer counts"));
            Ok(0)
        }
    }
}

async fn list(session: &Session, as_json: bool) -> Outcome {
    let tokens = session.app.tokens().await?;
    if as_json {
        output::json(&json!({ "tokens": tokens }))?;
        return Ok(0);
    }
    let row = |token: TokenView| {
        let ends = token.expires_at.map_or_else(|| "never".to_owned(), output::local);
        let used = token.last_used_at.map_or_else(|| "never".to_owned(), output::local);
        let prefix = format!("{}…", token.prefix);
        let owner = token.user.unwrap_or_default();
        vec![token.name, token.scope.to_owned(), prefix, owner, ends, used]
    };
    let header = ["NAME", "SCOPE", "TOKEN", "OF", "ENDS", "LAST USED"];
    output::table(&header, tokens.into_iter().map(row).collect(), "there is no token yet");
    Ok(0)
}

async fn create(
    session: &Session,
    name: &str,
    scope: &str,
    expires: Option<&str>,
    as_json: bool,
) -> Outcome {
    let unknown = || Failure::usage(format!("'{scope}' is no scope (read, write, admin)"));
    let scope = Scope::parse(scope).ok_or_else(unknown)?;
    let misfit = |text| Failure::usage(format!("'{text}' is no length of time; write 12h or 90d"));
    let lifetime = expires.map(|text| length::parse(text).ok_or_else(|| misfit(text)));
    let made = session.app.add_token(name, scope, lifetime.transpose()?, None).await?;
    if as_json {
        output::json(&json!({ "token": made.key.expose_secret(), "made": made.view }))?;
        return Ok(0);
    }
    output::line(made.key.expose_secret());
    output::note("keep it: it is not shown again");
    Ok(0)
}
