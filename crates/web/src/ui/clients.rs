//! Download clients: the forms that add and change one, and how it does. A password goes in and
//! never comes out again.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use shelfread_app::downloads::clients::new_client;
use shelfread_app::overview::ClientState;
use shelfread_app::rows::{ClientRow, ManagedBy};
use shelfread_app::{App, AppError};
use shelfread_domain::download::{ClientIdentity, ClientKind};
use shelfread_domain::id::ClientId;
use uuid::Uuid;

use super::layout::{Done, Oops, Seen, Shell, Visit, advice};
use super::tested::{self, Answer};
use super::{assets, parts};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new()
        .route("/add/client", get(fresh).post(add))
        .route("/add/client/test", post(try_new))
        .route("/clients/{name}", get(show).post(save))
        .route("/clients/{name}/test", post(try_known))
        .route("/clients/{name}/switch", post(switch))
        .route("/clients/{name}/remove", get(farewell).post(remove))
}

/// The steps between the priorities of clients that are added one after the other.
const STEP: i32 = 10;

/// A client as a form has it. The password is only ever read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ClientForm {
    name: String,
    kind: String,
    url: String,
    username: String,
    password: String,
}

impl ClientForm {
    fn of(row: &ClientRow) -> Self {
        Self {
            name: row.name.clone(),
            kind: row.kind.to_string(),
            url: row.url.clone(),
            username: row.settings["username"].as_str().unwrap_or_default().to_owned(),
            password: String::new(),
        }
    }

    /// The client that the form describes, over what is known of it.
    fn apply(&self, mut row: ClientRow) -> ClientRow {
        row.name = self.name.trim().to_owned();
        row.url = self.url.trim().to_owned();
        row.settings = match self.username.trim() {
            "" => json!({}),
            username => json!({ "username": username }),
        };
        if !self.password.is_empty() {
            row.secret = Some(SecretString::from(self.password.clone()));
            row.secret_problem = None;
        }
        row
    }

    /// A new client.
    async fn fresh(&self, app: &App) -> Result<ClientRow, AppError> {
        let kind = ClientKind::parse(&self.kind);
        let unknown = || AppError::Usage(format!("'{}' is no kind of download client", self.kind));
        let kind = kind.ok_or_else(unknown)?;
        let priority = app.store().clients().await?.iter().map(|c| c.priority).max();
        let new = new_client(ClientId(Uuid::now_v7()), &self.name, kind, ManagedBy::Person);
        Ok(self.apply(ClientRow { priority: priority.unwrap_or(0) + STEP, ..new }))
    }
}

#[derive(Template)]
#[template(path = "client.html")]
struct ClientPage {
    shell: Shell,
    form: ClientForm,
    /// What is known of it; of a new one nothing.
    state: Option<ClientState>,
    error: Option<String>,
}

impl ClientPage {
    fn action(&self) -> String {
        match &self.state {
            Some(state) => format!("/clients/{}", parts::encoded(&state.row.name)),
            None => "/add/client".to_owned(),
        }
    }

    fn is_file(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.row.managed_by == ManagedBy::File)
    }

    fn has_password(&self) -> bool {
        self.state
            .as_ref()
            .is_some_and(|s| s.row.secret.is_some() || s.row.secret_problem.is_some())
    }
}

/// The kinds of clients, as people call them.
const KINDS: [(&str, &str); 5] = [
    ("transmission", "Transmission"),
    ("qbittorrent", "qBittorrent"),
    ("deluge", "Deluge"),
    ("sabnzbd", "SABnzbd"),
    ("nzbget", "NZBGet"),
];

async fn fresh(visit: Visit) -> Seen {
    let form = ClientForm { kind: "transmission".to_owned(), ..ClientForm::default() };
    let page = ClientPage { shell: visit.shell.clone(), form, state: None, error: None };
    visit.show(&page)
}

async fn show(visit: Visit, Path(name): Path<String>) -> Seen {
    let state = known(&visit.web.app, &name).await?;
    let form = ClientForm::of(&state.row);
    let page = ClientPage { shell: visit.shell.clone(), form, state: Some(state), error: None };
    visit.show(&page)
}

async fn known(app: &App, name: &str) -> Result<ClientState, Oops> {
    let all = app.client_states().await?;
    let found = all.into_iter().find(|state| state.row.name == name);
    found.ok_or_else(|| Oops::missing(format!("There is no download client '{name}'.")))
}

/// A client that is not declared in the configuration.
async fn changeable(app: &App, name: &str) -> Result<ClientState, Oops> {
    let state = known(app, name).await?;
    if state.row.managed_by == ManagedBy::File {
        let message = format!("'{name}' is declared in the configuration; change it there.");
        return Err(Oops::unusable(message));
    }
    Ok(state)
}

async fn add(visit: Visit, Form(form): Form<ClientForm>) -> Seen {
    let app = visit.web.app.clone();
    let saved = match form.fresh(&app).await {
        Ok(row) => app.save_client(&row).await.map(|()| row),
        Err(error) => Err(error),
    };
    match saved {
        Ok(row) => Ok(after_saving(&app, &row, "added").await.into_response()),
        Err(error) => again(visit, form, None, &error),
    }
}

async fn save(visit: Visit, Path(name): Path<String>, Form(form): Form<ClientForm>) -> Seen {
    let app = visit.web.app.clone();
    let state = changeable(&app, &name).await?;
    let row = form.apply(state.row.clone());
    match app.save_client(&row).await {
        Ok(()) => Ok(after_saving(&app, &row, "saved").await.into_response()),
        Err(error) => again(visit, form, Some(state), &error),
    }
}

/// The form once more, with why it does not fit.
fn again(visit: Visit, form: ClientForm, state: Option<ClientState>, error: &AppError) -> Seen {
    let error = Some(advice(error));
    let form = ClientForm { password: String::new(), ..form };
    let page = ClientPage { shell: visit.shell.clone(), form, state, error };
    visit.show(&page)
}

/// Asks a client that was just saved, and says how that went.
async fn after_saving(app: &App, row: &ClientRow, what: &str) -> Done {
    let to = format!("/clients/{}", parts::encoded(&row.name));
    match app.try_client(row).await {
        Ok(found) => {
            // It answers: what was marked away is not. That the look fails is told by the page.
            let _ = app.look(row.id).await;
            Done::good(to, format!("It is {what}. {}", answered(&found)))
        }
        Err(error) => Done::warn(to, format!("It is {what}, but not usable: {}", advice(&error))),
    }
}

fn answered(found: &ClientIdentity) -> String {
    format!("It answers: {} {}.", found.kind, parts::cut(&found.version))
}

fn answer(found: &ClientIdentity) -> Answer {
    Answer { text: answered(found), details: Vec::new() }
}

async fn try_new(visit: Visit, headers: HeaderMap, Form(form): Form<ClientForm>) -> Seen {
    let app = &visit.web.app;
    let tested = match form.fresh(app).await {
        Ok(row) => app.try_client(&row).await,
        Err(error) => Err(error),
    };
    tested::tell(visit, &headers, "/add/client", tested.map(|found| answer(&found)))
}

async fn try_known(
    visit: Visit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(form): Form<ClientForm>,
) -> Seen {
    let app = &visit.web.app;
    let row = known(app, &name).await?.row;
    let row = if form.url.is_empty() { row } else { form.apply(row) };
    let tested = app.try_client(&row).await;
    let page = format!("/clients/{}", parts::encoded(&name));
    tested::tell(visit, &headers, &page, tested.map(|found| answer(&found)))
}

async fn switch(visit: Visit, Path(name): Path<String>) -> Seen {
    let app = &visit.web.app;
    let row = changeable(app, &name).await?.row;
    let enabled = !row.enabled;
    let saved = app.save_client(&ClientRow { enabled, ..row }).await;
    let text =
        if enabled { "It is asked again." } else { "It is paused; its queue stays as it is." };
    let to = format!("/clients/{}", parts::encoded(&name));
    Ok(Done::of(to, saved.map(|()| text.to_owned())).into_response())
}

#[derive(Template)]
#[template(path = "farewell.html")]
struct FarewellPage {
    shell: Shell,
    name: String,
    action: String,
    back: String,
    what: String,
}

async fn farewell(visit: Visit, Path(name): Path<String>) -> Seen {
    let state = changeable(&visit.web.app, &name).await?;
    let rows = parts::counted(&state.downloads, "download", "downloads");
    let address = format!("/clients/{}", parts::encoded(&name));
    let page = FarewellPage {
        shell: visit.shell.clone(),
        action: format!("{address}/remove"),
        back: address,
        what: format!("Its {rows} leave the queue here. Its transfers go on, and history stays."),
        name,
    };
    visit.show(&page)
}

async fn remove(visit: Visit, Path(name): Path<String>) -> Seen {
    let app = visit.web.app.clone();
    changeable(&app, &name).await?;
    let gone = app.remove_client(&name).await;
    let told = |rows: u64| {
        let rows = parts::counted(&rows, "download", "downloads");
        format!("It is forgotten with {rows}; its transfers go on.")
    };
    Ok(Done::of("/sources", gone.map(told)).into_response())
}
