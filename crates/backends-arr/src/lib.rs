//! Sonarr (v3, v4) and Radarr (v3 and newer): reads what they look for and have, reads their
//! queue, and removes from them.
//!
//! It knows their API v3 and turns it into observations at once. It deliberately does **not** know
//! the catalogue, the clock or the environment, and nothing of what anybody plays: library managers
//! have no viewers.
//!
//! - The whole program is one library. Its lists come without pages and without totals, so what
//!   cannot be proven by counting is proven by the programs' own statistics, where there are any.
//! - An item without files is looked for or was given up: `monitored` says which.
//! - Neither program has an id. What ties us to one installation is its API key, made when it was
//!   installed, so the identity is a mark of the key: a key that does not fit is refused, and
//!   another key means another or a rebuilt installation, whose numbers mean nothing here.
//!
//! ```no_run
//! # async fn f() -> Result<(), shelfread_domain::port::SourceError> {
//! use shelfread_backends_arr::{Arr, ArrConfig, Program};
//! use shelfread_domain::port::MediaSource;
//!
//! let config = ArrConfig::new(Program::Sonarr, "http://den:8989/sonarr", "key".into())?;
//! println!("{}", Arr::new(config)?.identify().await?.version);
//! # Ok(())
//! # }
//! ```

mod api;
mod convert;
mod hook;
mod identity;
mod link;
mod part;
mod queue;
mod radarr;
mod reader;
mod remote;
mod sonarr;
mod wire;

use std::fmt;

use async_trait::async_trait;
use secrecy::SecretString;
use shelfread_backends_http::{HttpConfig, Steps, Tally, listing, picture, secret_mark};
use shelfread_domain::port::{
    FetchPoster, LibraryKind, MediaSource, Problem, RemoteLibrary, RemovalEffect, RemoveMedia,
    Scope, ServerIdentity, SourceError,
};
use shelfread_domain::{PathMap, RemoteId, SourceKind};

use crate::api::Api;
pub use crate::hook::read_hook;
pub use crate::link::web_url;
pub use crate::queue::Queued;
use crate::reader::Reader;
pub use crate::remote::Remote;

/// Which of the two programs it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// Sonarr, for shows.
    Sonarr,
    /// Radarr, for films.
    Radarr,
}

impl Program {
    /// Its name for people, which is also what it calls itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sonarr => "Sonarr",
            Self::Radarr => "Radarr",
        }
    }

    /// The kind of source that it makes.
    pub const fn kind(self) -> SourceKind {
        match self {
            Self::Sonarr => SourceKind::Sonarr,
            Self::Radarr => SourceKind::Radarr,
        }
    }

    /// What its list is called, and the filter that finds one object in it.
    const fn list(self) -> (&'static str, &'static str) {
        match self {
            Self::Sonarr => ("series", "tvdbId"),
            Self::Radarr => ("movie", "tmdbId"),
        }
    }
}

/// How to reach a Sonarr or Radarr.
#[derive(Clone, Debug)]
pub struct ArrConfig {
    /// Which of the two programs it is.
    pub program: Program,
    /// Where it is (with its URL base) and how patient to be. The key is added by the adapter.
    pub http: HttpConfig,
    /// Its API key.
    pub api_key: SecretString,
    /// How its paths read here.
    pub paths: PathMap,
    /// Whether removing a series or a movie removes its files too.
    pub delete_files: bool,
}

impl ArrConfig {
    /// The largest answer that is read: 512 MiB, because the lists come whole. Ten thousand films
    /// are about 100.
    pub const MAX_BODY: u64 = 512 << 20;

    /// The usual configuration: files are kept when an entry is removed.
    ///
    /// # Errors
    /// [`Problem::Configuration`] when the text is no URL.
    pub fn new(program: Program, url: &str, api_key: SecretString) -> Result<Self, SourceError> {
        let http = HttpConfig::parse(url, program.name())?;
        Ok(Self {
            program,
            http: HttpConfig { max_body: Self::MAX_BODY, ..http },
            api_key,
            paths: PathMap::default(),
            delete_files: false,
        })
    }
}

/// A Sonarr or Radarr. Repeats what is safe to repeat; an error is final for this run.
pub struct Arr {
    program: Program,
    api: Api,
    key_mark: String,
    paths: PathMap,
    delete_files: bool,
}

impl Arr {
    /// Makes the adapter. Connects to nothing.
    ///
    /// # Errors
    /// [`Problem::Configuration`] for a URL or a key that cannot work.
    pub fn new(config: ArrConfig) -> Result<Self, SourceError> {
        Ok(Self {
            program: config.program,
            key_mark: secret_mark(&config.api_key),
            api: Api::new(config.http, config.api_key)?,
            paths: config.paths,
            delete_files: config.delete_files,
        })
    }

    /// What the program waits for from the download clients: one entry for each transfer.
    ///
    /// # Errors
    /// When the queue could not be read whole.
    pub async fn queue(&self) -> Result<Vec<Queued>, SourceError> {
        queue::queue(self).await
    }
}

impl fmt::Debug for Arr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(self.program.name()).field(&self.api.http).finish()
    }
}

#[async_trait]
impl MediaSource for Arr {
    fn kind(&self) -> SourceKind {
        self.program.kind()
    }

    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        identity::identify(self).await
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        let (remote_id, kind) = match self.program {
            Program::Sonarr => ("series", LibraryKind::Shows),
            Program::Radarr => ("movies", LibraryKind::Movies),
        };
        let name = self.identify().await?.name;
        Ok(vec![RemoteLibrary { remote_id: remote_id.to_owned(), name, kind }])
    }

    fn list<'a>(&'a self, _library: &'a RemoteLibrary, scope: Scope) -> Steps<'a> {
        listing(move |out| async move {
            let reader = Reader { arr: self, out, tally: Tally::default() };
            match self.program {
                Program::Sonarr => sonarr::list(reader, scope).await,
                Program::Radarr => radarr::list(reader, scope).await,
            }
        })
    }
}

/// Removes whole series and movies. Of a part of a series the files go, and it is looked for no
/// longer; Sonarr has no way to forget it.
#[async_trait]
impl RemoveMedia for Arr {
    async fn effect(&self, id: &RemoteId) -> Result<RemovalEffect, SourceError> {
        Ok(match Remote::parse(id) {
            Some(Remote::Top(_)) if self.delete_files => RemovalEffect::Files,
            Some(Remote::Top(_)) => RemovalEffect::Entry,
            Some(_) if self.delete_files => RemovalEffect::FilesOnly,
            _ => RemovalEffect::Impossible(ONLY_WHOLE.to_owned()),
        })
    }

    async fn remove(&self, id: &RemoteId) -> Result<bool, SourceError> {
        match Remote::parse(id) {
            Some(Remote::Top(number)) => {
                self.api.delete(self.program.list().0, number, self.delete_files).await
            }
            Some(part) if self.delete_files => part::remove(self, part).await,
            _ => {
                let what = format!("removing {id} from {}", self.program.name());
                Err(SourceError::new(what, Problem::Rejected(ONLY_WHOLE.to_owned())))
            }
        }
    }
}

const ONLY_WHOLE: &str = "it can remove a series only as a whole";

/// The program's own copy, so that nobody outside learns what is looked at.
#[async_trait]
impl FetchPoster for Arr {
    async fn poster(&self, id: &RemoteId, _address: &str) -> Result<Vec<u8>, SourceError> {
        let Some(remote) = Remote::parse(id) else {
            let what = format!("fetching the poster of {id} from {}", self.program.name());
            return Err(SourceError::new(what, Problem::NotFound));
        };
        let address = format!("api/v3/mediacover/{}/poster.jpg", remote.top());
        picture(&self.api.http, &address).await
    }
}
