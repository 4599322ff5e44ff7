//! The environment over the file: `SHELFREAD_DATABASE_URL`, `SHELFREAD_SERVER_LISTEN`, and for the
//! source `den` `SHELFREAD_SOURCE_DEN_URL` and so on. A source that only the environment names is
//! declared by it.

use super::file::{FileClient, FileConfig, FileSource, FileTarget};
use super::{ConfigError, Variables};

const PREFIX: &str = "SHELFREAD_";

/// What may follow the prefix, beside sources and clients.
const KNOWN: &str = "CONFIG, DATA_DIR, DATABASE_URL, SERVER_LISTEN, SERVER_TRUSTED_PROXIES, \
                     SERVER_AUTH_HEADER, SERVER_PUBLIC_URL, SCHEDULE_FULL, SCHEDULE_QUICK, \
                     SCHEDULE_QUIET, DOWNLOADS_POLL, EVENTS_KEEP, PLAY_STATE_SYNC, POSTERS_HOSTS, \
                     POSTERS_CACHE_MB, SOURCE_…, DOWNLOAD_CLIENT_… and NOTIFY_…";

/// Puts the variables over what the file says.
pub(super) fn overlay(config: &mut FileConfig, variables: &Variables) -> Result<(), ConfigError> {
    let named = named_secrets(config);
    for (variable, value) in variables.iter().filter(|(name, _)| !named.contains(name)) {
        let Some(key) = variable.strip_prefix(PREFIX) else { continue };
        let set = if let Some(rest) = key.strip_prefix("SOURCE_") {
            set_source(&mut config.source, rest, value)
        } else if let Some(rest) = key.strip_prefix("DOWNLOAD_CLIENT_") {
            set_client(&mut config.download_client, rest, value)
        } else if let Some(rest) = key.strip_prefix("NOTIFY_") {
            set_target(&mut config.notify, rest, value)
        } else {
            set_plain(config, key, value)
        };
        set.map_err(|message| ConfigError::Environment { variable: variable.clone(), message })?;
    }
    Ok(())
}

/// The variables that the file names as places of secrets.
fn named_secrets(config: &FileConfig) -> Vec<String> {
    let tokens = config.source.iter().filter_map(|s| s.token_env.clone());
    let passwords = config.download_client.iter().filter_map(|c| c.password_env.clone());
    let told = config.notify.iter().flat_map(|t| [&t.url_env, &t.token_env, &t.secret_env]);
    tokens.chain(passwords).chain(told.flatten().cloned()).collect()
}

fn set_plain(config: &mut FileConfig, key: &str, value: &str) -> Result<(), String> {
    match key {
        "CONFIG" | "LOG" | "LOG_FORMAT" | "TOKEN" | "PASSWORD" => {}
        _ if is_of_cluster(key) => {}
        "DATA_DIR" => config.data_dir = Some(value.into()),
        "DATABASE_URL" => config.database_url = Some(value.into()),
        "SERVER_LISTEN" => {
            config.server.listen = Some(value.parse().map_err(|e| format!("{e}"))?);
        }
        "SERVER_TRUSTED_PROXIES" => {
            let all = value.split(',').map(str::trim).filter(|text| !text.is_empty());
            config.server.trusted_proxies = all.map(str::to_owned).collect();
        }
        "SERVER_AUTH_HEADER" => config.server.auth_header = Some(value.into()),
        "SERVER_PUBLIC_URL" => config.server.public_url = Some(value.into()),
        "SCHEDULE_FULL" => config.schedule.full = Some(value.into()),
        "SCHEDULE_QUICK" => config.schedule.quick = Some(value.into()),
        "SCHEDULE_QUIET" => config.schedule.quiet = Some(value.into()),
        "EVENTS_KEEP" => config.events.keep = Some(value.into()),
        "POSTERS_HOSTS" => {
            let hosts = value.split(',').map(str::trim).filter(|host| !host.is_empty());
            config.posters.hosts = hosts.map(str::to_owned).collect();
        }
        "POSTERS_CACHE_MB" => {
            config.posters.cache_mb = Some(value.parse().map_err(|e| format!("{e}"))?);
        }
        "DOWNLOADS_POLL" => config.downloads.poll = Some(value.into()),
        "PLAY_STATE_SYNC" => {
            config.play_state.sync = value.parse().map_err(|e| format!("{e}"))?;
        }
        _ => return Err(format!("there is no such key; known are {KNOWN}")),
    }
    Ok(())
}

/// Kubernetes tells every program in these where a service named `shelfread` is.
fn is_of_cluster(key: &str) -> bool {
    key == "PORT" || ["PORT_", "SERVICE_HOST", "SERVICE_PORT"].iter().any(|p| key.starts_with(p))
}

/// Splits `DEN_TOKEN_FILE` into the name and the longest key that it ends in.
fn split<'k>(rest: &'k str, keys: &[&'static str]) -> Result<(&'k str, &'static str), String> {
    let fits = |key: &&&'static str| {
        rest.strip_suffix(&key.to_ascii_uppercase())
            .and_then(|name| name.strip_suffix('_'))
            .is_some_and(|name| !name.is_empty())
    };
    let key = keys.iter().filter(fits).max_by_key(|key| key.len());
    let key = key.ok_or_else(|| format!("it ends in none of {}", keys.join(", ")))?;
    Ok((&rest[..rest.len() - key.len() - 1], key))
}

fn is_named(name: &str, variable: &str) -> bool {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    name.chars().map(plain).eq(variable.chars())
}

fn set_source(sources: &mut Vec<FileSource>, rest: &str, value: &str) -> Result<(), String> {
    const KEYS: [&str; 18] = [
        "kind",
        "url",
        "path",
        "media",
        "token",
        "token_file",
        "token_env",
        "user",
        "on_missing",
        "max_removals",
        "priority",
        "hook_secret",
        "full",
        "quick",
        "schedule_full",
        "schedule_quick",
        "schedule_quiet",
        "enabled",
    ];
    let (name, key) = split(rest, &KEYS)?;
    let at = sources.iter().position(|s| is_named(&s.name, name)).unwrap_or_else(|| {
        sources.push(FileSource { name: name.to_ascii_lowercase(), ..FileSource::default() });
        sources.len() - 1
    });
    let source = &mut sources[at];
    match key {
        "kind" => value.clone_into(&mut source.kind),
        "url" => source.url = Some(value.into()),
        "path" => source.path = Some(value.into()),
        "media" => source.media = Some(value.into()),
        "token" => source.token = Some(value.to_owned().into()),
        "token_file" => source.token_file = Some(value.into()),
        "token_env" => source.token_env = Some(value.into()),
        "user" => source.user = Some(value.into()),
        "on_missing" => source.on_missing = Some(value.into()),
        "max_removals" => source.max_removals = Some(toml::Value::String(value.into())),
        "priority" => source.priority = Some(value.parse().map_err(|e| format!("{e}"))?),
        "hook_secret" => source.hook_secret = Some(value.to_owned().into()),
        "full" => source.full = Some(value.into()),
        "quick" => source.quick = Some(value.into()),
        "schedule_full" => source.schedule.full = Some(value.into()),
        "schedule_quick" => source.schedule.quick = Some(value.into()),
        "schedule_quiet" => source.schedule.quiet = Some(value.into()),
        _ => source.enabled = Some(value.parse().map_err(|e| format!("{e}"))?),
    }
    Ok(())
}

fn set_target(targets: &mut Vec<FileTarget>, rest: &str, value: &str) -> Result<(), String> {
    const KEYS: [&str; 12] = [
        "kind",
        "url",
        "url_file",
        "url_env",
        "token",
        "token_file",
        "token_env",
        "secret",
        "secret_file",
        "secret_env",
        "events",
        "enabled",
    ];
    let (name, key) = split(rest, &KEYS)?;
    let at = targets.iter().position(|t| is_named(&t.name, name)).unwrap_or_else(|| {
        targets.push(FileTarget { name: name.to_ascii_lowercase(), ..FileTarget::default() });
        targets.len() - 1
    });
    let target = &mut targets[at];
    let secret = || Some(value.to_owned().into());
    match key {
        "kind" => value.clone_into(&mut target.kind),
        "url" => target.url = secret(),
        "url_file" => target.url_file = Some(value.into()),
        "url_env" => target.url_env = Some(value.into()),
        "token" => target.token = secret(),
        "token_file" => target.token_file = Some(value.into()),
        "token_env" => target.token_env = Some(value.into()),
        "secret" => target.secret = secret(),
        "secret_file" => target.secret_file = Some(value.into()),
        "secret_env" => target.secret_env = Some(value.into()),
        "events" => {
            target.events = Some(value.split(',').map(|kind| kind.trim().to_owned()).collect());
        }
        _ => target.enabled = Some(value.parse().map_err(|e| format!("{e}"))?),
    }
    Ok(())
}

fn set_client(clients: &mut Vec<FileClient>, rest: &str, value: &str) -> Result<(), String> {
    const KEYS: [&str; 8] = [
        "kind",
        "url",
        "username",
        "password",
        "password_file",
        "password_env",
        "hook_secret",
        "enabled",
    ];
    let (name, key) = split(rest, &KEYS)?;
    let at = clients.iter().position(|c| is_named(&c.name, name)).unwrap_or_else(|| {
        clients.push(FileClient { name: name.to_ascii_lowercase(), ..FileClient::default() });
        clients.len() - 1
    });
    let client = &mut clients[at];
    match key {
        "kind" => value.clone_into(&mut client.kind),
        "url" => value.clone_into(&mut client.url),
        "username" => client.username = Some(value.into()),
        "password" => client.password = Some(value.to_owned().into()),
        "password_file" => client.password_file = Some(value.into()),
        "password_env" => client.password_env = Some(value.into()),
        "hook_secret" => client.hook_secret = Some(value.to_owned().into()),
        _ => client.enabled = Some(value.parse().map_err(|e| format!("{e}"))?),
    }
    Ok(())
}
