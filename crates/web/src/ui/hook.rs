//! The address that a source or download client may call when something changed there. It holds a
//! key, so it is shown only to who may change things, and only when asked for.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::http::{HeaderMap, header};
use axum::routing::post;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::layout::{Seen, Shell, Visit};
use super::{assets, parts};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new()
        .route("/sources/{name}/hook", post(of_source))
        .route("/clients/{name}/hook", post(of_client))
}

#[derive(Template)]
#[template(path = "hook.html")]
struct HookPage {
    shell: Shell,
    name: String,
    address: String,
    back: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    renew: String,
}

async fn of_source(
    visit: Visit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Seen {
    let back = format!("/sources/{}", parts::encoded(&name));
    shown(visit, name, &headers, back, !wanted.renew.is_empty()).await
}

async fn of_client(
    visit: Visit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Seen {
    let back = format!("/clients/{}", parts::encoded(&name));
    shown(visit, name, &headers, back, !wanted.renew.is_empty()).await
}

async fn shown(visit: Visit, name: String, headers: &HeaderMap, back: String, renew: bool) -> Seen {
    let app = &visit.web.app;
    let secret = match renew {
        true => app.set_hook_secret(&name, None).await?,
        false => app.hook_secret(&name).await?,
    };
    let (path, key) = (parts::encoded(&name), parts::encoded(secret.expose_secret()));
    let address = format!("{}/hooks/{path}?key={key}", origin(&visit, headers));
    let page = HookPage { shell: visit.shell.clone(), name, address, back };
    visit.show(&page)
}

/// How the server is reached: as the configuration says, else as the reader reached it.
fn origin(visit: &Visit, headers: &HeaderMap) -> String {
    if let Some(url) = &visit.web.access.config.public_url {
        return url.as_str().trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    format!("http://{}", host.unwrap_or("127.0.0.1:8484"))
}
