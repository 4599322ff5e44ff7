//! The keys of `shelfread.toml`, and what they become.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use shelfread_app::notify::DEFAULT_EVENTS;
use shelfread_app::posters::PosterConfig;
use shelfread_app::schedule::{Timetable, Zone};
use shelfread_domain::download::ClientKind;
use shelfread_domain::notify::TargetKind;
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{MaxRemovals, OnMissing, SourceKind};
use shelfread_web::{AccessConfig, NoNetwork};

use super::{Config, ConfigError, Settings, Variables};

/// Where everything lives unless said otherwise, relative to the working directory.
pub(super) const DATA_DIR: &str = "data";

/// How often everything is synced, and what changed, unless said otherwise.
const FULL: &str = "24h";
const QUICK: &str = "15m";

/// How often a download client is asked while something moves, unless said otherwise.
const POLL: Duration = Duration::from_secs(5);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileConfig {
    pub(super) data_dir: Option<PathBuf>,
    pub(super) database_url: Option<String>,
    pub(super) server: Server,
    pub(super) source: Vec<FileSource>,
    pub(super) schedule: Schedule,
    pub(super) downloads: Downloads,
    pub(super) download_client: Vec<FileClient>,
    pub(super) play_state: PlayState,
    pub(super) events: Events,
    pub(super) posters: Posters,
    pub(super) notify: Vec<FileTarget>,
}

/// Where the server listens unless said otherwise: this machine alone can reach it.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8484);

/// `[events]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Events {
    pub(super) keep: Option<String>,
}

/// `[server]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Server {
    pub(super) listen: Option<SocketAddr>,
    pub(super) trusted_proxies: Vec<String>,
    pub(super) auth_header: Option<String>,
    pub(super) public_url: Option<String>,
}

impl Server {
    fn access(self) -> Result<AccessConfig, ConfigError> {
        let proxies = self.trusted_proxies.iter().map(|text| text.parse());
        let proxies = proxies.collect::<Result<Vec<_>, NoNetwork>>();
        let trusted_proxies =
            proxies.map_err(|e| entry("server.trusted_proxies", e.to_string()))?;
        if self.auth_header.is_some() && trusted_proxies.is_empty() {
            let message = "nobody would be believed; name `trusted_proxies` too";
            return Err(entry("server.auth_header", message));
        }
        AccessConfig::new(trusted_proxies, self.auth_header.as_deref(), self.public_url.as_deref())
            .map_err(|(key, message)| entry(&format!("server.{key}"), message))
    }
}

/// `[schedule]`, and the `schedule` of a source
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Schedule {
    pub(super) full: Option<String>,
    pub(super) quick: Option<String>,
    pub(super) quiet: Option<String>,
}

/// `[downloads]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Downloads {
    pub(super) poll: Option<String>,
}

/// How many MB of posters are kept unless said otherwise.
const POSTERS_MB: u64 = 512;

/// `[posters]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Posters {
    pub(super) hosts: Vec<String>,
    pub(super) cache_mb: Option<u64>,
}

/// `[play_state]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PlayState {
    pub(super) sync: bool,
}

/// `[[source]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileSource {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) url: Option<String>,
    pub(super) path: Option<PathBuf>,
    pub(super) media: Option<String>,
    pub(super) token: Option<SecretString>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) token_env: Option<String>,
    pub(super) user: Option<String>,
    pub(super) on_missing: Option<String>,
    pub(super) max_removals: Option<toml::Value>,
    pub(super) priority: Option<i32>,
    pub(super) path_map: BTreeMap<String, String>,
    pub(super) hook_secret: Option<SecretString>,
    pub(super) schedule: Schedule,
    pub(super) full: Option<String>,
    pub(super) quick: Option<String>,
    pub(super) enabled: Option<bool>,
}

/// `[[download_client]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileClient {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) url: String,
    pub(super) username: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_env: Option<String>,
    pub(super) hook_secret: Option<SecretString>,
    pub(super) enabled: Option<bool>,
}

/// `[[notify]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileTarget {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) url: Option<SecretString>,
    pub(super) url_file: Option<PathBuf>,
    pub(super) url_env: Option<String>,
    pub(super) token: Option<SecretString>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) token_env: Option<String>,
    pub(super) secret: Option<SecretString>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) secret_env: Option<String>,
    pub(super) events: Option<Vec<String>>,
    pub(super) enabled: Option<bool>,
}

/// A declared target of notifications.
#[derive(Debug, Clone)]
pub struct DeclaredTarget {
    /// Its name.
    pub name: String,
    /// In which form it wants to be told.
    pub kind: TargetKind,
    /// Where.
    pub url: SecretString,
    /// A token, or the key of signatures.
    pub secret: Option<SecretString>,
    /// The kinds of events.
    pub events: Vec<String>,
    /// Whether it is told.
    pub enabled: bool,
}

/// A declared source.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Its address; of a folder its path.
    pub url: String,
    /// What a folder holds; told from its layout when not said.
    pub media: Option<LibraryKind>,
    /// Its token.
    pub token: Option<SecretString>,
    /// Whose play state is read.
    pub user: Option<String>,
    /// What happens to what it no longer lists.
    pub on_missing: OnMissing,
    /// How much may go without asking.
    pub max_removals: MaxRemovals,
    /// Lower wins.
    pub priority: i32,
    /// How its paths read here.
    pub path_map: BTreeMap<String, String>,
    /// What its webhooks must bring; made up when it is not declared.
    pub hook_secret: Option<SecretString>,
    /// How often it is synced, where that is not as for all: `full`, `quick` and `quiet`.
    pub schedule: BTreeMap<&'static str, String>,
    /// Whether it is synced.
    pub enabled: bool,
}

/// A declared download client.
#[derive(Debug, Clone)]
pub struct DeclaredClient {
    /// Its name.
    pub name: String,
    /// Which program it is.
    pub kind: ClientKind,
    /// Its address.
    pub url: String,
    /// Its user's name.
    pub username: Option<String>,
    /// Its password or API key.
    pub password: Option<SecretString>,
    /// What its webhooks must bring; made up when it is not declared.
    pub hook_secret: Option<SecretString>,
    /// Whether it is asked.
    pub enabled: bool,
}

/// Reads a file.
pub(super) fn parse(path: &Path, text: &str) -> Result<FileConfig, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Invalid {
        path: path.to_owned(),
        message: with_nearest(&error.to_string()),
    })
}

/// Adds the nearest known key to the message about an unknown one.
fn with_nearest(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (Some(unknown), true) = (quoted.next(), message.contains("unknown field")) else {
        return message.to_owned();
    };
    let nearest = quoted
        .map(|known| (strsim::damerau_levenshtein(unknown, known), known))
        .filter(|(distance, known)| *distance <= known.len().max(3) / 2 + 1)
        .min();
    match nearest {
        Some((_, known)) => {
            format!("{}\nunknown key `{unknown}`; did you mean `{known}`?", message.trim_end())
        }
        None => format!("{}\nunknown key `{unknown}`", message.trim_end()),
    }
}

impl FileConfig {
    pub(super) fn finish(self, variables: &Variables) -> Result<Config, ConfigError> {
        let data_dir = self.data_dir.unwrap_or_else(|| DATA_DIR.into());
        let database_url = self
            .database_url
            .unwrap_or_else(|| format!("sqlite://{}", data_dir.join("shelfread.db").display()));
        let sources = (10..).step_by(10).zip(self.source);
        let sources: Vec<SourceConfig> = sources
            .map(|(order, source)| source.finish(order, variables))
            .collect::<Result<_, _>>()?;
        let clients = self.download_client.into_iter();
        let clients: Vec<DeclaredClient> =
            clients.map(|client| client.finish(variables)).collect::<Result<_, _>>()?;
        unique(sources.iter().map(|s| s.name.as_str()))?;
        unique(clients.iter().map(|c| c.name.as_str()))?;
        let targets = self.notify.into_iter();
        let targets: Vec<DeclaredTarget> =
            targets.map(|target| target.finish(variables)).collect::<Result<_, _>>()?;
        unique(targets.iter().map(|t| t.name.as_str()))?;
        let settings = Settings {
            listen: self.server.listen.unwrap_or(LISTEN),
            access: self.server.access()?,
            poll: length("downloads.poll", self.downloads.poll.as_deref())?.unwrap_or(POLL),
            keep_events: match self.events.keep.as_deref() {
                Some("forever") => None,
                keep => length("events.keep", keep)?,
            },
            play_states_told: self.play_state.sync,
            schedule: self.schedule.finish()?,
        };
        let posters = self.posters.finish(&data_dir)?;
        Ok(Config { data_dir, database_url, sources, clients, targets, posters, settings })
    }
}

impl Posters {
    fn finish(self, data_dir: &Path) -> Result<PosterConfig, ConfigError> {
        if let Some(odd) = self.hosts.iter().find(|h| h.is_empty() || h.contains(['/', ':', '*'])) {
            let message = format!("'{odd}' is no name of a host, such as images.example.org");
            return Err(entry("posters.hosts", message));
        }
        Ok(PosterConfig {
            folder: data_dir.join("posters"),
            most_bytes: self.cache_mb.unwrap_or(POSTERS_MB).saturating_mul(1_000_000),
            hosts: self.hosts.into_iter().collect(),
        })
    }
}

fn unique<'n>(names: impl Iterator<Item = &'n str>) -> Result<(), ConfigError> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(entry(name, "this name is declared twice"));
        }
    }
    Ok(())
}

fn entry(name: &str, message: impl Into<String>) -> ConfigError {
    let name = if name.is_empty() { "an entry without name" } else { name };
    ConfigError::Entry { name: name.to_owned(), message: message.into() }
}

impl Schedule {
    /// The timetable of all sources that have none of their own.
    fn finish(self) -> Result<Timetable, ConfigError> {
        let rhythm = |text: Option<String>, default: &str| {
            let text = text.unwrap_or_else(|| default.to_owned());
            text.parse().map_err(|e| entry("schedule", format!("{e}")))
        };
        Ok(Timetable {
            full: rhythm(self.full, FULL)?,
            quick: rhythm(self.quick, QUICK)?,
            quiet: match self.quiet.as_deref() {
                None | Some("off") => None,
                Some(text) => Some(text.parse().map_err(|e| entry("schedule", format!("{e}")))?),
            },
            zone: Zone::Local,
        })
    }
}

/// What a source says of its own rhythm: in its `schedule`, or as keys of its own.
fn own_schedule(
    name: &str,
    schedule: Schedule,
    [full, quick]: [Option<String>; 2],
) -> Result<BTreeMap<&'static str, String>, ConfigError> {
    let mut own = BTreeMap::new();
    for (key, nested, plain) in [
        ("full", schedule.full, full),
        ("quick", schedule.quick, quick),
        ("quiet", schedule.quiet, None),
    ] {
        let text = match (nested, plain) {
            (Some(_), Some(_)) => {
                return Err(entry(name, format!("give one of `{key}` and `schedule.{key}`")));
            }
            (nested, plain) => nested.or(plain),
        };
        own.extend(text.map(|text| (key, text)));
    }
    Ok(own)
}

impl FileSource {
    fn finish(self, order: i32, variables: &Variables) -> Result<SourceConfig, ConfigError> {
        let name = self.name.clone();
        let fail = |message: String| entry(&name, message);
        if name.is_empty() || name.contains('/') {
            return Err(fail("a source needs a `name` without `/`".to_owned()));
        }
        let kind: SourceKind = self.kind.parse().map_err(|e| fail(format!("{e}")))?;
        let url = match (kind, &self.url, &self.path) {
            (SourceKind::Folder, None, Some(path)) => path.display().to_string(),
            (SourceKind::Folder, ..) => return Err(fail("a folder needs `path`".to_owned())),
            (_, Some(url), None) => url.clone(),
            _ => return Err(fail(format!("a source of kind {kind} needs `url`"))),
        };
        let media = match self.media.as_deref() {
            None => None,
            Some(text) => Some(
                LibraryKind::parse(text)
                    .ok_or_else(|| fail(format!("`media` is movies or shows, not '{text}'")))?,
            ),
        };
        let on_missing = match self.on_missing.as_deref() {
            None => kind.default_on_missing(),
            Some(text) => text.parse().map_err(|e| fail(format!("{e}")))?,
        };
        let max_removals = match &self.max_removals {
            None => MaxRemovals::default(),
            Some(toml::Value::Integer(n)) => {
                n.to_string().parse().map_err(|e| fail(format!("{e}")))?
            }
            Some(toml::Value::String(text)) => text.parse().map_err(|e| fail(format!("{e}")))?,
            Some(other) => return Err(fail(format!("`max_removals` cannot be {other}"))),
        };
        let secret =
            Secret { key: "token", value: self.token, file: self.token_file, env: self.token_env };
        Ok(SourceConfig {
            token: secret.read(&name, variables)?,
            kind,
            url,
            media,
            user: self.user,
            on_missing,
            max_removals,
            priority: self.priority.unwrap_or(order),
            path_map: self.path_map,
            hook_secret: self.hook_secret,
            schedule: own_schedule(&name, self.schedule, [self.full, self.quick])?,
            enabled: self.enabled.unwrap_or(true),
            name,
        })
    }
}

/// A length of time.
fn length(key: &str, text: Option<&str>) -> Result<Option<Duration>, ConfigError> {
    let misfit = |text| entry(key, format!("'{text}' is no length of time; write 5s, 15m or 30d"));
    text.map(|text| shelfread_domain::length::parse(text).ok_or_else(|| misfit(text))).transpose()
}

impl FileClient {
    fn finish(self, variables: &Variables) -> Result<DeclaredClient, ConfigError> {
        let name = self.name.clone();
        let fail = |message: String| entry(&name, message);
        if name.is_empty() || name.contains('/') {
            return Err(fail("a download client needs a `name` without `/`".to_owned()));
        }
        let known = ClientKind::ALL.map(ClientKind::as_str).join(", ");
        let kind = ClientKind::parse(&self.kind)
            .ok_or_else(|| fail(format!("'{}' is no kind of client ({known})", self.kind)))?;
        if self.url.is_empty() {
            return Err(fail("a download client needs `url`".to_owned()));
        }
        let secret = Secret {
            key: "password",
            value: self.password,
            file: self.password_file,
            env: self.password_env,
        };
        Ok(DeclaredClient {
            password: secret.read(&name, variables)?,
            name: self.name,
            kind,
            url: self.url,
            username: self.username,
            hook_secret: self.hook_secret,
            enabled: self.enabled.unwrap_or(true),
        })
    }
}

impl FileTarget {
    fn finish(self, variables: &Variables) -> Result<DeclaredTarget, ConfigError> {
        let name = self.name.clone();
        let fail = |message: String| entry(&name, message);
        if name.is_empty() || name.contains('/') {
            return Err(fail("a notification needs a `name` without `/`".to_owned()));
        }
        let known = TargetKind::ALL.map(TargetKind::as_str).join(", ");
        let kind = TargetKind::parse(&self.kind)
            .ok_or_else(|| fail(format!("'{}' is no kind of notification ({known})", self.kind)))?;
        let read = |key, value, file, env| Secret { key, value, file, env }.read(&name, variables);
        let url = read("url", self.url, self.url_file, self.url_env)?;
        let token = read("token", self.token, self.token_file, self.token_env)?;
        let secret = read("secret", self.secret, self.secret_file, self.secret_env)?;
        if token.is_some() && secret.is_some() {
            return Err(fail("give one of `token` and `secret`".to_owned()));
        }
        let defaults = || DEFAULT_EVENTS.map(str::to_owned).to_vec();
        Ok(DeclaredTarget {
            kind,
            url: url.ok_or_else(|| fail("a notification needs `url`".to_owned()))?,
            secret: secret.or(token),
            events: self.events.unwrap_or_else(defaults),
            enabled: self.enabled.unwrap_or(true),
            name: self.name,
        })
    }
}

/// A secret may stand in the file, in a file of its own, or in a variable.
struct Secret {
    key: &'static str,
    value: Option<SecretString>,
    file: Option<PathBuf>,
    env: Option<String>,
}

impl Secret {
    fn read(self, name: &str, variables: &Variables) -> Result<Option<SecretString>, ConfigError> {
        let key = self.key;
        match (self.value, self.file, self.env) {
            (None, None, None) => Ok(None),
            (Some(value), None, None) => Ok(Some(value)),
            (None, Some(path), None) => match std::fs::read_to_string(&path) {
                Ok(text) => Ok(Some(text.trim().to_owned().into())),
                Err(e) => {
                    Err(entry(name, format!("`{key}_file` {} cannot be read: {e}", path.display())))
                }
            },
            (None, None, Some(variable)) => variables
                .iter()
                .find(|(n, _)| *n == variable)
                .map(|(_, v)| Some(v.clone().into()))
                .ok_or_else(|| entry(name, format!("`{key}_env`: {variable} is not set"))),
            _ => Err(entry(name, format!("give one of `{key}`, `{key}_file`, `{key}_env`"))),
        }
    }
}
