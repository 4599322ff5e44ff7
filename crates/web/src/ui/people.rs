//! People and programs that may use the server: users, tokens, and one's own password. Only an
//! admin manages others, which each handler asks for.

use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use shelfread_app::access::{Role, Scope};

use super::layout::{Done, Oops, Seen, Shell, Visit, advice};
use super::{assets, parts};
use crate::access::{Admin, Reader};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new()
        .route("/account/password", post(password))
        .route("/settings/users", post(add_user))
        .route("/settings/users/{name}/role", post(role))
        .route("/settings/users/{name}/remove", post(remove_user))
        .route("/settings/tokens", post(add_token))
        .route("/settings/tokens/{name}/revoke", post(revoke))
}

/// The page that shows all of it.
const HERE: &str = "/settings";
/// Seconds of a day.
const DAY: u64 = 86_400;

#[derive(Deserialize)]
struct Passwords {
    old: SecretString,
    new: SecretString,
}

async fn password(visit: Visit, Reader(who): Reader, Form(form): Form<Passwords>) -> Seen {
    let done = visit.web.app.change_password(&who, &form.old, &form.new).await;
    let told = "It is changed; every other browser is logged out.";
    Ok(Done::of(HERE, done.map(|()| told.to_owned())).into_response())
}

#[derive(Deserialize)]
struct NewUser {
    name: String,
    password: SecretString,
    role: String,
}

fn read_role(text: &str) -> Result<Role, Oops> {
    Role::parse(text).ok_or_else(|| Oops::unusable(format!("'{text}' is no role.")))
}

async fn add_user(visit: Visit, _: Admin, Form(form): Form<NewUser>) -> Seen {
    let role = read_role(&form.role)?;
    let done = visit.web.app.add_user(form.name.trim(), role, Some(&form.password)).await;
    let told = done.map(|user| format!("{} can log in now.", user.name));
    Ok(Done::of(HERE, told).into_response())
}

#[derive(Deserialize)]
struct NewRole {
    role: String,
}

async fn role(visit: Visit, _: Admin, Path(name): Path<String>, Form(form): Form<NewRole>) -> Seen {
    let done = visit.web.app.set_role(&name, read_role(&form.role)?).await;
    Ok(Done::of(HERE, done.map(|()| format!("{name} is {} now.", form.role))).into_response())
}

async fn remove_user(visit: Visit, _: Admin, Path(name): Path<String>) -> Seen {
    let done = visit.web.app.remove_user(&name).await;
    Ok(Done::of(HERE, done.map(|()| format!("{name} is removed."))).into_response())
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    scope: String,
    #[serde(default)]
    days: String,
}

#[derive(Template)]
#[template(path = "token.html")]
struct TokenPage<'a> {
    shell: Shell,
    name: &'a str,
    key: &'a str,
}

async fn add_token(visit: Visit, Admin(who): Admin, Form(form): Form<Wanted>) -> Seen {
    let unknown = || Oops::unusable(format!("'{}' is no scope.", form.scope));
    let scope = Scope::parse(&form.scope).ok_or_else(unknown)?;
    let days = form.days.parse::<u64>().ok().map(|days| days.saturating_mul(DAY));
    let lifetime = days.map(Duration::from_secs);
    let made = visit.web.app.add_token(form.name.trim(), scope, lifetime, Some(&who)).await;
    match made {
        Err(error) => Ok(Done::bad(HERE, advice(&error)).into_response()),
        Ok(made) => {
            let (name, key) = (made.view.name.as_str(), made.key.expose_secret());
            let page = TokenPage { shell: visit.shell.clone(), name, key };
            visit.show(&page)
        }
    }
}

async fn revoke(visit: Visit, _: Admin, Path(name): Path<String>) -> Seen {
    let done = visit.web.app.revoke_token(&name).await;
    Ok(Done::of(HERE, done.map(|()| format!("{name} no longer counts."))).into_response())
}
