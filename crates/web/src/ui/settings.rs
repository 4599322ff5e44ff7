//! Settings: how pages look, copies of the catalogue, and its examination.

use std::path::PathBuf;

use askama::Template;
use axum::Form;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use futures::StreamExt;
use serde::Deserialize;
use shelfread_app::AppError;
use shelfread_app::access::{TokenView, UserView};
use shelfread_app::doctor::Examination;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::layout::{Done, Oops, Seen, Shell, THEME, Visit, advice, back, theme};
use super::{assets, parts};
use crate::routes::Routes;
use crate::state::Web;

pub fn routes() -> Routes {
    Routes::new()
        .route("/settings", get(show))
        .route("/account/look", post(look))
        .route("/settings/backup", post(backup))
        .route("/settings/export", post(export))
        .route("/settings/doctor", get(examine))
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    shell: Shell,
    users: Vec<UserView>,
    tokens: Vec<TokenView>,
}

async fn show(visit: Visit) -> Seen {
    let app = &visit.web.app;
    let (users, tokens) = match visit.shell.is_admin() {
        true => (app.users().await?, app.tokens().await?),
        false => (Vec::new(), Vec::new()),
    };
    let page = SettingsPage { shell: visit.shell.clone(), users, tokens };
    visit.show(&page)
}

#[derive(Deserialize)]
struct Look {
    theme: String,
}

/// Light, dark, or as the reader's system has it.
async fn look(headers: HeaderMap, jar: CookieJar, Form(form): Form<Look>) -> Response {
    let jar = match theme(&form.theme) {
        Some(theme) => {
            let cookie = Cookie::build((THEME, theme)).path("/").http_only(true);
            jar.add(cookie.same_site(SameSite::Lax).permanent())
        }
        None => jar.remove(Cookie::build((THEME, "")).path("/")),
    };
    (jar, Redirect::to(&back(&headers, "/settings"))).into_response()
}

/// A file that is made to be sent, and whose name is gone before it is. It keeps its turn until it is
/// sent.
struct Passing {
    path: PathBuf,
    turn: Option<OwnedSemaphorePermit>,
}

impl Passing {
    async fn new(web: &Web) -> Self {
        let path = std::env::temp_dir().join(format!("shelfread-{}", Uuid::new_v4()));
        Self { path, turn: web.turns.file().await }
    }

    async fn send(mut self, name: &str, kind: &'static str) -> std::io::Result<Response> {
        let file = tokio::fs::File::open(&self.path).await?;
        let length = file.metadata().await?.len();
        let headers = [
            (header::CONTENT_TYPE, kind.to_owned()),
            (header::CONTENT_LENGTH, length.to_string()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        let turn = self.turn.take();
        let parts = ReaderStream::new(file).inspect(move |_| {
            let _taken = &turn;
        });
        Ok((headers, Body::from_stream(parts)).into_response())
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // What is open is read to its end; what was never made is not there.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn sent(result: std::io::Result<Response>) -> Response {
    let broken = |error: std::io::Error| Done::bad("/settings", error.to_string()).into_response();
    result.unwrap_or_else(broken)
}

async fn backup(visit: Visit) -> Seen {
    let file = Passing::new(&visit.web).await;
    if let Err(error) = visit.web.app.backup(&file.path).await {
        return Ok(Done::bad("/settings", advice(&error)).into_response());
    }
    let name = format!("shelfread-{}.db", visit.web.app.now().format("%Y-%m-%d"));
    Ok(sent(file.send(&name, "application/vnd.sqlite3").await))
}

async fn export(visit: Visit) -> Seen {
    let file = Passing::new(&visit.web).await;
    let app = &visit.web.app;
    let mut out = shelfread_app::transfer::NewFile::begin(&file.path)?;
    match app.export(&mut out).await {
        Ok(_) => out.keep()?,
        Err(error) => {
            out.discard();
            return Ok(Done::bad("/settings", advice(&error)).into_response());
        }
    }
    let name = format!("shelfread-{}.jsonl", app.now().format("%Y-%m-%d"));
    Ok(sent(file.send(&name, "application/jsonl").await))
}

#[derive(Template)]
#[template(path = "doctor.html")]
struct DoctorPage {
    shell: Shell,
    found: Examination,
}

async fn examine(visit: Visit) -> Seen {
    let found = visit.web.app.doctor(true).await.map_err(|error: AppError| Oops::from(error))?;
    let page = DoctorPage { shell: visit.shell.clone(), found };
    visit.show(&page)
}
