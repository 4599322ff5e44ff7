//! `shelfread user`: who may use the server.

use std::io::{IsTerminal, Read};

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use shelfread_app::access::{Role, UserView};

use crate::cli::{PasswordArgs, UserCommand};
use crate::output;
use crate::session::{Failure, Outcome, Session};

/// Nobody's password is longer.
const LONGEST: u64 = 4_096;

pub async fn run(session: &Session, verb: &UserCommand) -> Outcome {
    let app = &session.app;
    match verb {
        UserCommand::List(format) => return list(session, format.json).await,
        UserCommand::Add { name, admin, password, no_password } => {
            let role = if *admin { Role::Admin } else { Role::Reader };
            let password = if *no_password { None } else { Some(read(*password)?) };
            app.add_user(name, role, password.as_ref()).await?;
            output::line(format!("added the {role} '{name}'"));
        }
        UserCommand::Password { name, password } => {
            app.set_password(name, &read(*password)?, None).await?;
            output::line(format!("'{name}' has another password and is logged out everywhere"));
        }
        UserCommand::Role { name, role } => {
            let known = || Failure::usage(format!("'{role}' is no role (admin, reader)"));
            app.set_role(name, Role::parse(role).ok_or_else(known)?).await?;
            output::line(format!("'{name}' is {role} now"));
        }
        UserCommand::Remove { name } => {
            app.remove_user(name).await?;
            output::line(format!("removed '{name}', its sessions and its tokens"));
        }
    }
    Ok(0)
}

async fn list(session: &Session, as_json: bool) -> Outcome {
    let users = session.app.users().await?;
    if as_json {
        output::json(&json!({ "users": users }))?;
        return Ok(0);
    }
    let row = |user: UserView| {
        let way = if user.has_password { "password" } else { "proxy only" };
        vec![user.name, user.role.to_owned(), way.to_owned(), output::local(user.created_at)]
    };
    let rows = users.into_iter().map(row).collect();
    output::table(&["NAME", "ROLE", "COMES BY", "SINCE"], rows, "there is no user yet");
    Ok(0)
}

/// A password from standard input. At a terminal it would be seen by whoever looks on, so there it
/// must be asked for.
fn read(how: PasswordArgs) -> Result<SecretString, Failure> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        return typed();
    }
    if !how.password_stdin {
        return Err(Failure::usage("give the password on standard input, with --password-stdin"));
    }
    let mut text = String::new();
    let mut limited = Read::by_ref(&mut input).take(LONGEST);
    let failed = |e| Failure::usage(format!("the password cannot be read: {e}"));
    limited.read_to_string(&mut text).map_err(failed)?;
    // What ends the line is no part of it.
    Ok(text.strip_suffix('\n').map_or(&*text, |t| t.strip_suffix('\r').unwrap_or(t)).into())
}

/// A password typed twice at a terminal that shows nothing of it.
fn typed() -> Result<SecretString, Failure> {
    let ask = |prompt: &str| {
        output::note(prompt);
        let answer = console::Term::stderr().read_secure_line().map(SecretString::from);
        answer.map_err(|e| Failure::usage(format!("the password cannot be read: {e}")))
    };
    let (first, again) = (ask("the password:")?, ask("the same once more:")?);
    match first.expose_secret() == again.expose_secret() {
        true => Ok(first),
        false => Err(Failure::usage("the passwords differ")),
    }
}
