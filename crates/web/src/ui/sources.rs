//! Sources: what is listed from where, how each does, and the forms that add and change one. A
//! token goes in and never comes out again.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use shelfread_app::overview::{ClientState, SourceState};
use shelfread_app::rows::{ManagedBy, SourceRow};
use shelfread_app::schedule::{ScheduleChange, SourceSchedule};
use shelfread_app::sources::{Tested, new_source};
use shelfread_app::{App, AppError};
use shelfread_domain::{SourceId, SourceKind};
use uuid::Uuid;

use super::layout::{Done, Oops, Seen, Shell, Visit, advice};
use super::tested::{self, Answer};
use super::{assets, parts, story};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new()
        .route("/sources", get(list))
        .route("/add/source", get(fresh).post(add))
        .route("/add/source/test", post(try_new))
        .route("/sources/{name}", get(show).post(save))
        .route("/sources/{name}/test", post(try_known))
        .route("/sources/{name}/switch", post(switch))
        .route("/sources/{name}/times", post(set_times))
        .route("/sources/{name}/remove", get(farewell).post(remove))
}

/// The steps between the priorities of sources that are added one after the other.
const STEP: i32 = 10;

#[derive(Template)]
#[template(path = "sources.html")]
struct SourcesPage {
    shell: Shell,
    sources: Vec<SourceState>,
    clients: Vec<ClientState>,
}

async fn list(visit: Visit) -> Seen {
    let app = &visit.web.app;
    let (sources, clients) = (app.source_states().await?, app.client_states().await?);
    let page = SourcesPage { shell: visit.shell.clone(), sources, clients };
    visit.show(&page)
}

/// A source as a form has it. The token is only ever read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct SourceForm {
    name: String,
    kind: String,
    url: String,
    token: String,
    user: String,
    media: String,
    priority: String,
    on_missing: String,
    max_removals: String,
}

impl SourceForm {
    fn of(row: &SourceRow) -> Self {
        let setting = |key: &str| row.settings[key].as_str().unwrap_or_default().to_owned();
        Self {
            name: row.name.clone(),
            kind: row.kind.to_string(),
            url: row.url.clone(),
            token: String::new(),
            user: setting("user"),
            media: setting("media"),
            priority: row.priority.to_string(),
            on_missing: row.on_missing.to_string(),
            max_removals: row.max_removals.to_string(),
        }
    }

    /// The source that the form describes, over what is known of it.
    fn apply(&self, mut row: SourceRow) -> Result<SourceRow, AppError> {
        let misfit = |error: &dyn std::fmt::Display| AppError::Usage(error.to_string());
        row.url = self.url.trim().to_owned();
        if row.kind == SourceKind::Folder && !std::path::Path::new(&row.url).is_absolute() {
            let message = "the path of a folder begins with /, as this server sees it";
            return Err(AppError::Usage(message.to_owned()));
        }
        if !self.on_missing.is_empty() {
            row.on_missing = self.on_missing.parse().map_err(|e| misfit(&e))?;
        }
        if !self.max_removals.is_empty() {
            row.max_removals = self.max_removals.trim().parse().map_err(|e| misfit(&e))?;
        }
        if !self.priority.is_empty() {
            let wrong = |_| AppError::Usage("the priority is a whole number".to_owned());
            row.priority = self.priority.trim().parse().map_err(wrong)?;
        }
        if !self.token.trim().is_empty() {
            row.secret = Some(SecretString::from(self.token.trim().to_owned()));
            row.secret_problem = None;
        }
        for (key, value) in [("user", self.user.trim()), ("media", self.media.trim())] {
            let Value::Object(settings) = &mut row.settings else { continue };
            match value {
                "" => drop(settings.remove(key)),
                value => drop(settings.insert(key.to_owned(), Value::from(value))),
            }
        }
        Ok(row)
    }

    /// A new source.
    async fn fresh(&self, app: &App) -> Result<SourceRow, AppError> {
        let name = self.name.trim();
        if app.store().source_by_name(name).await?.is_some() {
            return Err(AppError::Usage(format!("there is a source '{name}' already")));
        }
        let kind = self.kind.parse::<SourceKind>();
        let kind = kind.map_err(|error| AppError::Usage(error.to_string()))?;
        let priority = app.store().sources().await?.iter().map(|s| s.priority).max();
        let new = new_source(SourceId(Uuid::now_v7()), name, kind, ManagedBy::Person);
        self.apply(SourceRow { priority: priority.unwrap_or(0) + STEP, ..new })
    }
}

#[derive(Template)]
#[template(path = "source.html")]
struct SourcePage {
    shell: Shell,
    form: SourceForm,
    /// What is known of it; of a new one nothing.
    state: Option<SourceState>,
    /// When it is synced.
    times: Option<SourceSchedule>,
    error: Option<String>,
}

impl SourcePage {
    /// What was set for this source alone.
    fn own(&self, key: &str) -> String {
        let row = self.state.as_ref().map(|state| &state.row);
        let own = row.and_then(|row| row.settings["schedule"][key].as_str());
        own.unwrap_or_default().to_owned()
    }

    fn action(&self) -> String {
        match &self.state {
            Some(state) => format!("/sources/{}", parts::encoded(&state.row.name)),
            None => "/add/source".to_owned(),
        }
    }

    fn is_file(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.row.managed_by == ManagedBy::File)
    }

    fn has_token(&self) -> bool {
        self.state
            .as_ref()
            .is_some_and(|s| s.row.secret.is_some() || s.row.secret_problem.is_some())
    }

    fn policies(&self) -> Vec<(String, &'static str)> {
        let mut all = vec![
            ("remove".to_owned(), "It goes, with its last listing"),
            ("keep".to_owned(), "It stays, marked missing"),
            ("grace:30d".to_owned(), "It goes after 30 days"),
        ];
        let chosen = &self.form.on_missing;
        if !chosen.is_empty() && all.iter().all(|(policy, _)| policy != chosen) {
            all.push((chosen.clone(), "As it is set"));
        }
        all
    }
}

/// The kinds of sources, as people call them.
const KINDS: [(&str, &str); 6] = [
    ("jellyfin", "Jellyfin"),
    ("emby", "Emby"),
    ("plex", "Plex"),
    ("sonarr", "Sonarr"),
    ("radarr", "Radarr"),
    ("folder", "A folder"),
];

async fn fresh(visit: Visit) -> Seen {
    let form = SourceForm { kind: "jellyfin".to_owned(), ..SourceForm::default() };
    let page =
        SourcePage { shell: visit.shell.clone(), form, state: None, times: None, error: None };
    visit.show(&page)
}

async fn show(visit: Visit, Path(name): Path<String>) -> Seen {
    let state = known(&visit.web.app, &name).await?;
    let form = SourceForm::of(&state.row);
    let mut times = visit.web.app.schedule().await?;
    times.retain(|times| times.source == name);
    let (shell, times) = (visit.shell.clone(), times.pop());
    let page = SourcePage { shell, form, state: Some(state), times, error: None };
    visit.show(&page)
}

async fn known(app: &App, name: &str) -> Result<SourceState, Oops> {
    let all = app.source_states().await?;
    let found = all.into_iter().find(|state| state.row.name == name);
    found.ok_or_else(|| Oops::missing(format!("There is no source '{name}'.")))
}

async fn add(visit: Visit, Form(form): Form<SourceForm>) -> Seen {
    let app = visit.web.app.clone();
    let saved = match form.fresh(&app).await {
        Ok(row) => app.save_source(&row).await.map(|_| row),
        Err(error) => Err(error),
    };
    match saved {
        Ok(row) => Ok(after_saving(&app, &row, "added").await.into_response()),
        Err(error) => again(visit, form, None, &error),
    }
}

async fn save(visit: Visit, Path(name): Path<String>, Form(form): Form<SourceForm>) -> Seen {
    let app = visit.web.app.clone();
    let state = changeable(&app, &name).await?;
    let saved = match form.apply(state.row.clone()) {
        Ok(row) => app.save_source(&row).await.map(|_| row),
        Err(error) => Err(error),
    };
    match saved {
        Ok(row) => Ok(after_saving(&app, &row, "saved").await.into_response()),
        Err(error) => again(visit, form, Some(state), &error),
    }
}

/// The form once more, with why it does not fit.
fn again(visit: Visit, form: SourceForm, state: Option<SourceState>, error: &AppError) -> Seen {
    let error = Some(advice(error));
    let form = SourceForm { token: String::new(), ..form };
    let page = SourcePage { shell: visit.shell.clone(), form, state, times: None, error };
    visit.show(&page)
}

/// Asks a source that was just saved, and says how that went.
async fn after_saving(app: &App, row: &SourceRow, what: &str) -> Done {
    let to = format!("/sources/{}", parts::encoded(&row.name));
    match app.try_source(row).await {
        Ok(tested) => Done::good(to, format!("It is {what}. {}", answered(&tested))),
        Err(error) => {
            Done::warn(to, format!("It is {what}, but cannot be read: {}", advice(&error)))
        }
    }
}

fn answered(tested: &Tested) -> String {
    let libraries: Vec<_> = tested.libraries.iter().map(|l| parts::cut(&l.name)).collect();
    let has = match libraries.is_empty() {
        true => "and has no library that this user may see".to_owned(),
        false => format!("with {}", libraries.join(", ")),
    };
    let (name, version) = (parts::cut(&tested.identity.name), parts::cut(&tested.identity.version));
    format!("It answers: {name} ({version}), {has}.")
}

/// The answer with what somebody needs to see that it is the right server and user.
fn answer(tested: &Tested) -> Answer {
    let viewer = tested.identity.viewer.as_ref();
    let viewer = viewer.map(|v| format!("Play state of {}", parts::cut(&v.name)));
    let library = |l: &shelfread_domain::port::RemoteLibrary| {
        format!("Library {} ({})", parts::cut(&l.name), l.kind.as_str())
    };
    let details = viewer.into_iter().chain(tested.libraries.iter().map(library));
    Answer { text: answered(tested), details: details.collect() }
}

async fn try_new(visit: Visit, headers: HeaderMap, Form(form): Form<SourceForm>) -> Seen {
    let app = &visit.web.app;
    let tested = match form.fresh(app).await {
        Ok(row) => app.try_source(&row).await,
        Err(error) => Err(error),
    };
    tested::tell(visit, &headers, "/add/source", tested.map(|found| answer(&found)))
}

async fn try_known(
    visit: Visit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(form): Form<SourceForm>,
) -> Seen {
    let app = &visit.web.app;
    let row = known(app, &name).await?.row;
    let row = if form.url.is_empty() { Ok(row) } else { form.apply(row) };
    let tested = match row {
        Ok(row) => app.try_source(&row).await,
        Err(error) => Err(error),
    };
    let page = format!("/sources/{}", parts::encoded(&name));
    tested::tell(visit, &headers, &page, tested.map(|found| answer(&found)))
}

/// A source that is not declared in the configuration.
async fn changeable(app: &App, name: &str) -> Result<SourceState, Oops> {
    let state = known(app, name).await?;
    if state.row.managed_by == ManagedBy::File {
        let message = format!("'{name}' is declared in the configuration; change it there.");
        return Err(Oops::unusable(message));
    }
    Ok(state)
}

async fn switch(visit: Visit, Path(name): Path<String>) -> Seen {
    let app = &visit.web.app;
    let row = changeable(app, &name).await?.row;
    let enabled = !row.enabled;
    let saved = app.save_source(&SourceRow { enabled, ..row }).await;
    let text = if enabled { "It is synced again." } else { "It is paused; what it listed stays." };
    let to = format!("/sources/{}", parts::encoded(&name));
    Ok(Done::of(to, saved.map(|_| text.to_owned())).into_response())
}

#[derive(Deserialize)]
struct Times {
    full: String,
    quick: String,
    quiet: String,
}

async fn set_times(visit: Visit, Path(name): Path<String>, Form(form): Form<Times>) -> Seen {
    let app = &visit.web.app;
    changeable(app, &name).await?;
    let (full, quick, quiet) = (Some(form.full), Some(form.quick), Some(form.quiet));
    let done = app.set_schedule(&name, &ScheduleChange { full, quick, quiet }).await;
    let to = format!("/sources/{}", parts::encoded(&name));
    Ok(Done::of(to, done.map(|()| "It is synced by these times now.".to_owned())).into_response())
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
    let listings = parts::counted(&state.listings(), "listing", "listings");
    let address = format!("/sources/{}", parts::encoded(&name));
    let page = FarewellPage {
        shell: visit.shell.clone(),
        action: format!("{address}/remove"),
        back: address,
        what: format!(
            "Its {listings} are forgotten. Items stay in the catalogue and show what other sources \
             say of them; nothing is removed on the server itself."
        ),
        name,
    };
    visit.show(&page)
}

async fn remove(visit: Visit, Path(name): Path<String>) -> Seen {
    let app = visit.web.app.clone();
    changeable(&app, &name).await?;
    let (work, gone) = (app.clone(), name.clone());
    let done = app.to_the_end(async move { work.remove_source(&gone).await }).await;
    Ok(match done {
        Err(error) => Done::bad(format!("/sources/{}", parts::encoded(&name)), advice(&error)),
        Ok(left) => {
            let left = parts::counted(&left, "item is", "items are");
            Done::good("/sources", format!("It is forgotten; {left} listed nowhere any more."))
        }
    }
    .into_response())
}
