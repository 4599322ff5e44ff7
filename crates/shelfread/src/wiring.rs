//! Wiring: which adapter reads which kind of source, and what is declared brought into the
//! database.

pub mod downloads;
pub mod notify;
mod posters;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use shelfread_app::sources::new_source;
use shelfread_app::sync::UNPROVEN;
use shelfread_app::{App, AppError, OpenSource, SourceFactory, WebObject};
use shelfread_backends_arr::{Arr, ArrConfig, Program, read_hook as arr_hook, web_url as arr_url};
use shelfread_backends_jellyfin::{
    Flavour, Jellyfin, JellyfinConfig, read_hook as jellyfin_hook, web_url as jellyfin_url,
};
use shelfread_backends_local::{LocalConfig, LocalFolder};
use shelfread_backends_plex::{Plex, PlexConfig, read_hook as plex_hook, web_url as plex_url};
use shelfread_domain::hint::{Hint, Unreadable};
use shelfread_domain::port::{LibraryKind, Problem, SourceError};
use shelfread_domain::{PathMap, SourceId, SourceKind};
use shelfread_store::{ManagedBy, SourceRow};
use url::Url;
use uuid::Uuid;

use crate::config::{Config, SourceConfig};
use crate::session::Failure;

pub use posters::Outside;

/// Items that a Plex is asked for at once.
const PLEX_PAGE: u64 = 500;

/// The adapters of this program.
#[derive(Debug, Default)]
pub struct Adapters;

impl SourceFactory for Adapters {
    fn open(&self, source: &SourceRow) -> Result<OpenSource, SourceError> {
        match source.kind {
            SourceKind::Jellyfin => jellyfin(source, Flavour::Jellyfin),
            SourceKind::Emby => jellyfin(source, Flavour::Emby),
            SourceKind::Folder => folder(source),
            SourceKind::Plex => plex(source),
            SourceKind::Sonarr => manager(source, Program::Sonarr),
            SourceKind::Radarr => manager(source, Program::Radarr),
        }
    }

    fn read_hook(&self, source: &SourceRow, message: &[u8]) -> Result<Vec<Hint>, Unreadable> {
        match source.kind {
            SourceKind::Jellyfin => jellyfin_hook(Flavour::Jellyfin, message),
            SourceKind::Emby => jellyfin_hook(Flavour::Emby, message),
            SourceKind::Plex => plex_hook(message),
            SourceKind::Sonarr => arr_hook(Program::Sonarr, message),
            SourceKind::Radarr => arr_hook(Program::Radarr, message),
            // Whoever copies something into a folder may say so, in whatever words.
            SourceKind::Folder => Ok(vec![Hint::Changed]),
        }
    }

    fn web_url(&self, source: &SourceRow, object: &WebObject<'_>) -> Option<String> {
        let mut base = Url::parse(&source.url).ok()?;
        // What is shown holds no name and password, even where an address does.
        base.set_username("").ok()?;
        base.set_password(None).ok()?;
        let id = object.remote_id.as_str();
        let server = source.server_id.as_deref().filter(|id| *id != UNPROVEN);
        let url = match source.kind {
            SourceKind::Jellyfin => jellyfin_url(Flavour::Jellyfin, &base, server?, id),
            SourceKind::Emby => jellyfin_url(Flavour::Emby, &base, server?, id),
            SourceKind::Plex => plex_url(&base, server?, id),
            SourceKind::Sonarr => {
                arr_url(Program::Sonarr, &base, object.external_ids, object.slug)?
            }
            SourceKind::Radarr => arr_url(Program::Radarr, &base, object.external_ids, None)?,
            SourceKind::Folder => return None,
        };
        Some(url.into())
    }
}

fn misfit(source: &SourceRow, problem: &str) -> SourceError {
    let what = format!("setting up {}", source.kind);
    SourceError::new(what, Problem::Configuration(problem.to_owned()))
}

fn token(source: &SourceRow) -> Result<SecretString, SourceError> {
    let problem = source.secret_problem.as_deref().unwrap_or("it needs a token");
    source.secret.clone().ok_or_else(|| misfit(source, problem))
}

fn paths(source: &SourceRow) -> PathMap {
    let pairs = source.settings["path_map"].as_object().into_iter().flatten();
    PathMap::new(pairs.filter_map(|(theirs, ours)| Some((theirs.as_str(), ours.as_str()?))))
}

fn jellyfin(source: &SourceRow, flavour: Flavour) -> Result<OpenSource, SourceError> {
    let mut config = JellyfinConfig::new(flavour, &source.url, token(source)?)?;
    config.user = source.settings["user"].as_str().map(str::to_owned);
    config.paths = paths(source);
    let server = Arc::new(Jellyfin::new(config)?);
    Ok(OpenSource {
        media: server.clone(),
        remove: Some(server.clone()),
        write_play_state: Some(server.clone()),
        queue: None,
        posters: Some(server),
    })
}

fn plex(source: &SourceRow) -> Result<OpenSource, SourceError> {
    let mut config = PlexConfig::new(&source.url, token(source)?)?;
    config.user = source.settings["user"].as_str().map(str::to_owned);
    config.paths = paths(source);
    config.page_size = PLEX_PAGE;
    let server = Arc::new(Plex::new(config)?);
    Ok(OpenSource {
        media: server.clone(),
        remove: Some(server.clone()),
        write_play_state: Some(server.clone()),
        queue: None,
        posters: Some(server),
    })
}

fn manager(source: &SourceRow, program: Program) -> Result<OpenSource, SourceError> {
    let mut config = ArrConfig::new(program, &source.url, token(source)?)?;
    config.paths = paths(source);
    // Who removes something everywhere wants its files gone, whoever has them.
    config.delete_files = true;
    let manager = Arc::new(Arr::new(config)?);
    Ok(OpenSource {
        media: manager.clone(),
        remove: Some(manager.clone()),
        write_play_state: None,
        queue: Some(Arc::new(downloads::ArrQueue(manager.clone()))),
        posters: Some(manager),
    })
}

fn folder(source: &SourceRow) -> Result<OpenSource, SourceError> {
    let media = source.settings["media"].as_str().and_then(LibraryKind::parse);
    let media = media.ok_or_else(|| misfit(source, "say whether it holds movies or shows"))?;
    let mut config = LocalConfig::new(&source.url, media);
    config.path_map = paths(source);
    let folder = Arc::new(LocalFolder::new(config)?);
    let remove = Some(folder.clone() as _);
    Ok(OpenSource { remove, ..OpenSource::read_only(folder) })
}

/// Brings the declared sources into the database. A source that is no longer declared is kept,
/// disabled, with everything that it listed: only a person forgets a source.
pub async fn declare(app: &App, config: &Config) -> Result<(), Failure> {
    let known = app.store().sources().await?;
    for declared in &config.sources {
        let row = known.iter().find(|s| s.name == declared.name);
        if row.is_some_and(|row| row.kind != declared.kind) {
            let message = format!(
                "'{}' is declared as {}, but the catalogue knows it as another kind; give it \
                 another name, or forget the old one with `shelfread source remove`",
                declared.name, declared.kind
            );
            return Err(Failure::usage(message));
        }
        let row = declared_row(declared, row)?;
        let unknown_yet = row.kind == SourceKind::Folder && row.settings["media"].is_null();
        if unknown_yet {
            // Its disk is away, so nobody can tell what it holds; its sync will say so.
            app.store().put_source(&row, chrono::Utc::now()).await?;
        } else {
            app.note_source(&row).await?;
        }
        if let Some(secret) = &declared.hook_secret {
            app.set_hook_secret(&declared.name, Some(secret.clone())).await?;
        }
    }
    app.settle_order().await?;
    let names: BTreeSet<_> = config.sources.iter().map(|s| s.name.as_str()).collect();
    for row in known {
        if row.managed_by == ManagedBy::File && !names.contains(row.name.as_str()) {
            tracing::warn!(source = row.name, "no longer declared; it is kept, disabled");
            let row = SourceRow { enabled: false, managed_by: ManagedBy::Person, ..row };
            app.store().put_source(&row, chrono::Utc::now()).await?;
        }
    }
    Ok(())
}

fn declared_row(d: &SourceConfig, known: Option<&SourceRow>) -> Result<SourceRow, Failure> {
    let id = known.map_or_else(|| SourceId(Uuid::now_v7()), |row| row.id);
    let mut settings = Map::new();
    if let Some(user) = &d.user {
        settings.insert("user".to_owned(), json!(user));
    }
    if !d.path_map.is_empty() {
        settings.insert("path_map".to_owned(), json!(d.path_map));
    }
    if !d.schedule.is_empty() {
        settings.insert("schedule".to_owned(), json!(d.schedule));
    }
    let mut url = d.url.clone();
    if d.kind == SourceKind::Folder {
        url = absolute(Path::new(&d.url))?;
        let media = d.media.map(|m| json!(m.as_str()));
        let before = known.map(|row| row.settings["media"].clone()).filter(|m| !m.is_null());
        let told = || detected(Path::new(&url)).map(|m| json!(m.as_str()));
        if let Some(media) = media.or(before).or_else(told) {
            settings.insert("media".to_owned(), media);
        }
    }
    Ok(SourceRow {
        url,
        settings: Value::Object(settings),
        secret: d.token.clone(),
        priority: d.priority,
        on_missing: d.on_missing,
        max_removals: d.max_removals,
        enabled: d.enabled,
        ..new_source(id, &d.name, d.kind, ManagedBy::File)
    })
}

/// The path without detours, so that a folder is one source however it is named. A folder that is
/// not there keeps the name that it was given: its disk may be away.
pub fn absolute(path: &Path) -> Result<String, Failure> {
    let absolute: PathBuf = path
        .canonicalize()
        .or_else(|_| std::path::absolute(path))
        .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    let text = absolute.to_str().map(str::to_owned);
    text.ok_or_else(|| Failure::usage(format!("{} is not UTF-8", path.display())))
}

fn detected(path: &Path) -> Option<LibraryKind> {
    shelfread_backends_local::detect(path).ok()
}

/// The source of a folder that was named on the command line: the one that has it, or a new one.
pub async fn folder_source(app: &App, path: &Path) -> Result<String, Failure> {
    let url = absolute(path)?;
    let known = app.store().sources().await?;
    if let Some(row) = known.iter().find(|s| s.kind == SourceKind::Folder && s.url == url) {
        return Ok(row.name.clone());
    }
    if !path.is_dir() {
        let shown = path.display();
        return Err(Failure::usage(format!("{shown} is no folder, and no source has this name")));
    }
    let media = shelfread_backends_local::detect(Path::new(&url))
        .map_err(|error| AppError::Source { name: url.clone(), error })?;
    let taken: BTreeSet<_> = known.iter().map(|s| s.name.as_str()).collect();
    let priority = known.iter().map(|s| s.priority).max().unwrap_or(0) + 10;
    let id = SourceId(Uuid::now_v7());
    let name = free_name(Path::new(&url), &taken);
    let row = SourceRow {
        url,
        settings: json!({ "media": media.as_str() }),
        priority,
        ..new_source(id, &name, SourceKind::Folder, ManagedBy::Person)
    };
    app.save_source(&row).await?;
    Ok(name)
}

fn free_name(path: &Path, taken: &BTreeSet<&str>) -> String {
    let base = path.file_name().and_then(|n| n.to_str()).unwrap_or("folder");
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    let mut names = std::iter::once(base.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name.as_str())).unwrap_or_else(|| base.to_owned())
}
