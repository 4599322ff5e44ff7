//! Who answers at the address, and as which user we read there.

use shelfread_backends_http::{Http, Request};
use shelfread_domain::port::{Problem, ServerIdentity, SourceError, Viewer};

use crate::config::{Flavour, JellyfinConfig};
use crate::wire::{List, PublicInfo, User};

/// Who answers, and as which user we read.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) flavour: Flavour,
    pub(crate) server_id: String,
    pub(crate) server_name: String,
    /// Major and minor version; zeros when the server says none.
    pub(crate) version: (u32, u32),
    version_text: String,
    pub(crate) user: User,
}

impl Session {
    /// Asks who answers, without the token, and only then for the users, with it.
    pub(crate) async fn begin(http: &Http, config: &JellyfinConfig) -> Result<Self, SourceError> {
        let flavour = config.flavour;
        let info = public_info(http, flavour).await?;
        let users = users(http, flavour).await?;
        let version_text = info.version.unwrap_or_default();
        Ok(Self {
            flavour,
            server_id: info.id.unwrap_or_default(),
            server_name: info.server_name.unwrap_or_default(),
            version: release(&version_text),
            version_text,
            user: choose(users, config)?,
        })
    }

    pub(crate) fn identity(&self) -> ServerIdentity {
        ServerIdentity {
            server_id: self.server_id.clone(),
            name: self.server_name.clone(),
            version: format!("{} {}", self.flavour.name(), self.version_text),
            viewer: Some(Viewer {
                remote_user: self.user.id.clone(),
                name: self.user.name.clone(),
            }),
        }
    }

    /// Whether the routes of users are those that came with Jellyfin 10.9.
    pub(crate) fn has_new_user_routes(&self) -> bool {
        self.flavour == Flavour::Jellyfin && self.version >= (10, 9)
    }

    /// The start of a request to an old route of our user.
    pub(crate) fn user_route<'a>(&'a self, rest: &[&'a str]) -> Vec<&'a str> {
        [&["Users", self.user.id.as_str()], rest].concat()
    }
}

/// Major and minor number of a version such as `10.11.8`.
fn release(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Asks a stranger who it is.
async fn public_info(http: &Http, flavour: Flavour) -> Result<PublicInfo, SourceError> {
    let request = Request::get(["System", "Info", "Public"]).anonymous();
    let response = http.send(&request).await?;
    let wrong = |found: String| {
        response.error(Problem::WrongServer { expected: flavour.name().to_owned(), found })
    };
    let info: PublicInfo = response.json().map_err(|error| match error.problem {
        Problem::Malformed(_) => wrong("something else".into()),
        _ => error,
    })?;
    if info.id.as_deref().is_none_or(str::is_empty) {
        return Err(wrong("something else".into()));
    }
    match product(&info) {
        Ok(found) if found == flavour => Ok(info),
        Ok(found) => Err(wrong(found.name().to_owned())),
        Err(found) => Err(wrong(found)),
    }
}

/// Only Jellyfin names itself; Emby shows addresses in lists, or at least an early version.
fn product(info: &PublicInfo) -> Result<Flavour, String> {
    let name = info.product_name.as_deref().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let lists = info.local_addresses.is_some() || info.remote_addresses.is_some();
    let early = info.version.as_deref().is_some_and(|v| (1..10).contains(&release(v).0));
    if lower.contains("jellyfin") {
        Ok(Flavour::Jellyfin)
    } else if lower.contains("emby") || name.is_empty() && (lists || early) {
        Ok(Flavour::Emby)
    } else {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        Err(if shown.is_empty() { "something else".into() } else { format!("'{shown}'") })
    }
}

/// The users that the token may see: all, or at least its own.
async fn users(http: &Http, flavour: Flavour) -> Result<Vec<User>, SourceError> {
    let all = match flavour {
        Flavour::Jellyfin => Request::get(["Users"]),
        Flavour::Emby => Request::get(["Users", "Query"]),
    };
    let own = Request::get(["Users", "Me"]);
    match http.json::<List<User>>(&all).await {
        Err(error) if error.problem == Problem::Forbidden && flavour == Flavour::Jellyfin => {
            Ok(vec![http.json(&own).await?])
        }
        users => Ok(users?.into_vec()),
    }
}

/// The user of the configuration, else the first administrator, else the only one there is.
fn choose(users: Vec<User>, config: &JellyfinConfig) -> Result<User, SourceError> {
    let problem = match &config.user {
        Some(wanted) => {
            let names: Vec<_> = users.iter().map(|u| u.name.as_str()).take(20).collect();
            format!("there is no user '{wanted}' on the server; it has {}", names.join(", "))
        }
        None => "the server has no administrator whose play state could be read; set a user".into(),
    };
    let alone = users.len() == 1;
    let fits = |user: &User| match &config.user {
        Some(wanted) => is_called(user, wanted),
        None => user.policy.is_administrator && !user.policy.is_disabled || alone,
    };
    users.into_iter().find(fits).ok_or_else(|| {
        let what = format!("choosing a user of {}", config.flavour.name());
        SourceError::new(what, Problem::Configuration(problem))
    })
}

fn is_called(user: &User, wanted: &str) -> bool {
    user.name.to_lowercase() == wanted.to_lowercase()
        || user.id.replace('-', "").eq_ignore_ascii_case(&wanted.replace('-', ""))
}
