//! Notifications: who is told of what, what could not be told, and the forms that change it. An
//! address and a secret go in and never come out again.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use secrecy::SecretString;
use serde::Deserialize;
use shelfread_app::AppError;
use shelfread_app::notify::{SaveTarget, TargetView};
use shelfread_app::rows::{Letter, LetterFilter, LetterState};
use shelfread_domain::notify::TargetKind;
use uuid::Uuid;

use super::layout::{Done, Oops, Seen, Shell, Visit};
use super::{assets, parts};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new()
        .route("/settings/notifications", get(show).post(add))
        .route("/settings/notifications/{name}/test", post(test))
        .route("/settings/notifications/{name}/switch", post(switch))
        .route("/settings/notifications/{name}/remove", post(remove))
        .route("/settings/notifications/{name}/replay", post(replay))
        .route("/settings/letters/{id}/replay", post(replay_one))
}

const HERE: &str = "/settings/notifications";
/// Dead letters that are shown.
const LETTERS: u64 = 50;

#[derive(Template)]
#[template(path = "notifications.html")]
struct NotificationsPage {
    shell: Shell,
    targets: Vec<TargetView>,
    dead: Vec<Letter>,
}

async fn show(visit: Visit) -> Seen {
    let app = &visit.web.app;
    let filter = LetterFilter { state: Some(LetterState::Dead), ..LetterFilter::default() };
    let page = NotificationsPage {
        shell: visit.shell.clone(),
        targets: app.targets().await?,
        dead: app.letters(&filter, LETTERS).await?,
    };
    visit.show(&page)
}

/// What a dead letter was about, in a few words.
fn about(letter: &Letter) -> String {
    letter.event["kind"].as_str().unwrap_or("event").replace(['.', '_'], " ")
}

#[derive(Deserialize)]
struct NewTarget {
    name: String,
    kind: String,
    url: SecretString,
    secret: SecretString,
    events: String,
}

async fn add(visit: Visit, Form(form): Form<NewTarget>) -> Seen {
    use secrecy::ExposeSecret;
    let unknown = || Oops::unusable(format!("'{}' is no kind of notification.", form.kind));
    let kind = TargetKind::parse(&form.kind).ok_or_else(unknown)?;
    let words = form.events.split([',', ' ', '\n', '\r']).map(str::trim);
    let events: Vec<_> = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let change = SaveTarget {
        kind: Some(kind),
        url: Some(form.url),
        secret: Some(form.secret).filter(|secret| !secret.expose_secret().is_empty()),
        events: Some(events).filter(|events| !events.is_empty()),
        ..SaveTarget::named(form.name.trim())
    };
    let done = visit.web.app.save_target(change).await;
    let told = done.map(|()| "It is told from now on; a test shows whether it hears.".to_owned());
    Ok(Done::of(HERE, told).into_response())
}

async fn test(visit: Visit, Path(name): Path<String>) -> Seen {
    let done = visit.web.app.test_target(&name).await;
    Ok(Done::of(HERE, done.map(|()| format!("{name} took the test."))).into_response())
}

async fn switch(visit: Visit, Path(name): Path<String>) -> Seen {
    let app = &visit.web.app;
    let known = app.targets().await?.into_iter().find(|target| target.name == name);
    let known = known.ok_or_else(|| AppError::not_found("notification", &name))?;
    let enabled = Some(!known.enabled);
    let done = app.save_target(SaveTarget { enabled, ..SaveTarget::named(&name) }).await;
    let told = if known.enabled { "It is no longer told." } else { "It is told again." };
    Ok(Done::of(HERE, done.map(|()| told.to_owned())).into_response())
}

async fn remove(visit: Visit, Path(name): Path<String>) -> Seen {
    let done = visit.web.app.remove_target(&name).await;
    Ok(Done::of(HERE, done.map(|()| format!("{name} is forgotten."))).into_response())
}

async fn replay(visit: Visit, Path(name): Path<String>) -> Seen {
    let done = visit.web.app.replay_target(&name).await;
    let told = |n: u64| {
        format!("{} sent again.", parts::counted(&n, "notification is", "notifications are"))
    };
    Ok(Done::of(HERE, done.map(told)).into_response())
}

async fn replay_one(visit: Visit, Path(id): Path<Uuid>) -> Seen {
    let done = visit.web.app.replay_letter(id).await;
    Ok(Done::of(HERE, done.map(|()| "It is sent again.".to_owned())).into_response())
}
