//! Ports: what the application asks of the outside world. Small traits, each with the contract
//! that every adapter keeps and that the conformance suite of the testkit checks.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;

use crate::coverage::Coverage;
use crate::id::RemoteId;
use crate::observation::{Observation, PlayState};
use crate::source::SourceKind;

/// Who answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerIdentity {
    /// The server's own id (Jellyfin `Id`, Plex `machineIdentifier`, a folder's file system). Stays
    /// over restarts; another value means another or a rebuilt server.
    pub server_id: String,
    /// The name that its owner gave it.
    pub name: String,
    /// Product and version, for people.
    pub version: String,
    /// The user whose play state the source reads; `None` when it reads none.
    pub viewer: Option<Viewer>,
}

/// A user of a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Viewer {
    /// The source's id of the user.
    pub remote_user: String,
    /// The user's name there.
    pub name: String,
}

/// What a library holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LibraryKind {
    /// Films.
    Movies,
    /// Series.
    Shows,
    /// Both.
    Mixed,
}

impl LibraryKind {
    /// The text that the database, the API and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Movies => "movies",
            Self::Shows => "shows",
            Self::Mixed => "mixed",
        }
    }

    /// Reads that text back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Movies, Self::Shows, Self::Mixed].into_iter().find(|k| k.as_str() == text)
    }
}

/// A part of a source that is listed as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteLibrary {
    /// The source's id for it.
    pub remote_id: String,
    /// Its name there.
    pub name: String,
    /// What it holds.
    pub kind: LibraryKind,
}

/// What to list of a library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Everything. Only this can be complete.
    Full,
    /// What changed since this moment by the source's own clock, as far as the source can tell;
    /// the adapter asks with overlap. Never complete, whatever came.
    ChangedSince(DateTime<Utc>),
    /// These objects, with what hangs on them (a show with its episodes). Never complete.
    Only(Vec<RemoteId>),
}

/// An item that could not be read. The others go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemFailure {
    /// How a person would call it.
    pub label: String,
    /// Its remote id, if at least that could be read: it is then known to exist, so the listing
    /// can still be complete.
    pub remote_id: Option<RemoteId>,
    /// What is wrong with it.
    pub message: String,
}

/// One step of a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Listed {
    /// Some observations: never empty of meaning, in any number. Shows come in an earlier page
    /// than their seasons and episodes, or before them in the same page, and the episodes of one
    /// show follow each other.
    Page(Vec<Observation>),
    /// An item that could not be read.
    Failed(ItemFailure),
    /// How many remote items the library has in all, as soon as the source said so.
    Expected(u64),
    /// The end, with the certificate. Nothing follows.
    End(Coverage),
}

/// A source that lists media.
///
/// # Contract
/// - **Empty** means that the source answered, whole and well-formed, and has nothing. It ends in
///   a complete [`Coverage`] with `received: 0`.
/// - **Error** (`Err`) means that nothing more will come and nothing is known of the rest. It is
///   never turned into an empty list. Pages that came before it stay valid.
/// - **Partial** means that the rest was read but something is uncertain (a total that does not
///   match, a page or folder that could not be read, a library that changed meanwhile). It ends in
///   a partial [`Coverage`] that says why.
/// - A stream that ends without [`Listed::End`] is partial.
/// - An adapter retries what is safe to repeat by itself; an error is final for this run.
/// - Dropping the stream cancels all that it does.
#[async_trait]
pub trait MediaSource: Send + Sync + fmt::Debug {
    /// What kind of source this is.
    fn kind(&self) -> SourceKind;

    /// Asks who answers at the address and whether we may read there. Reads no media.
    async fn identify(&self) -> Result<ServerIdentity, SourceError>;

    /// The libraries of films and shows. An empty list means that there are none; that the user
    /// may see none is an error.
    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError>;

    /// Lists a library.
    fn list<'a>(
        &'a self,
        library: &'a RemoteLibrary,
        scope: Scope,
    ) -> BoxStream<'a, Result<Listed, SourceError>>;
}

/// What a source would do to remove an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RemovalEffect {
    /// The files go from the disk.
    Files,
    /// Only the entry goes.
    Entry,
    /// The files go and nobody looks for new ones; the source still names the object.
    FilesOnly,
    /// Nothing: it cannot or may not remove this; why, in words for a person.
    Impossible(String),
}

/// A source that can remove an object at a person's word. A source without this trait cannot.
#[async_trait]
pub trait RemoveMedia: Send + Sync {
    /// What [`RemoveMedia::remove`] would do with an object, to be shown before. Removes nothing;
    /// may ask the source, and says nothing of whether it has the object.
    async fn effect(&self, id: &RemoteId) -> Result<RemovalEffect, SourceError>;

    /// Removes an object with all that hangs on it. `Ok(false)` when the source does not have it:
    /// nothing was needed.
    async fn remove(&self, id: &RemoteId) -> Result<bool, SourceError>;
}

/// A source that can be told a play state. A source without this trait cannot.
#[async_trait]
pub trait WritePlayState: Send + Sync {
    /// Sets the state of an object for the source's viewer. Repeating it changes nothing.
    async fn write_play_state(&self, id: &RemoteId, state: PlayState) -> Result<(), SourceError>;
}

/// A source that hands out the posters that it names. A source without this trait has none.
#[async_trait]
pub trait FetchPoster: Send + Sync {
    /// The bytes of the poster of an object, as they came: whether they are a picture at all, the
    /// caller finds out. `address` is what the source said in its facts: relative to its own
    /// address, or absolute. Nothing is fetched from another server than the source itself, and its
    /// token goes nowhere else.
    async fn poster(&self, id: &RemoteId, address: &str) -> Result<Vec<u8>, SourceError>;
}

/// Why a source could not be read, in words for a person: what was tried, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {problem}")]
pub struct SourceError {
    /// What was tried, with the address and without any secret.
    pub what: String,
    /// What went wrong.
    pub problem: Problem,
}

/// What can go wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nobody answers at the address.
    #[error("no answer ({0})")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer within {0} s")]
    Timeout(u64),
    /// The encrypted connection could not be made.
    #[error("no secure connection ({0})")]
    Tls(String),
    /// 401: the token is missing or wrong.
    #[error("the token was refused")]
    Unauthorized,
    /// 403: the token is right but may not do this.
    #[error("the token has no right to this")]
    Forbidden,
    /// 404 where the API must be: a wrong path prefix, most of the time.
    #[error("there is no such address on the server")]
    NotFound,
    /// Something else than expected is at the address.
    #[error("this is not {expected}, but {found}")]
    WrongServer {
        /// What was expected.
        expected: String,
        /// What seems to be there.
        found: String,
    },
    /// The server sends the request elsewhere; we do not follow with a token.
    #[error("the server redirects to {0}")]
    Redirected(String),
    /// 429 after all retries.
    #[error("the server asks to slow down")]
    RateLimited,
    /// 5xx after all retries, or another status that makes no sense here.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// A body that is cut off or not what it should be.
    #[error("the answer could not be read ({0})")]
    Malformed(String),
    /// A body over the limit.
    #[error("the answer is larger than {0} MiB")]
    TooLarge(u64),
    /// It answered, and would not do it, in its own words.
    #[error("the server refused: {0}")]
    Rejected(String),
    /// What a person gave cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// A folder or file could not be read.
    #[error("{0}")]
    Io(String),
    /// The configuration of the source cannot work.
    #[error("{0}")]
    Configuration(String),
}

impl SourceError {
    /// An error of something that was tried.
    pub fn new(what: impl Into<String>, problem: Problem) -> Self {
        Self { what: what.into(), problem }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match &self.problem {
            Problem::Unreachable(_) | Problem::Timeout(_) => {
                "check that the server runs and that host and port of its url are right"
            }
            Problem::Tls(_) => {
                "check whether the url should begin with http:// or https://, and the certificate"
            }
            Problem::Unauthorized => "make a new token or API key on the server and set it",
            Problem::Forbidden => "use a token of an administrator or of a user with access",
            Problem::NotFound => "check the path of the url: the server may live under a prefix",
            Problem::WrongServer { .. } => "check the url and the kind of the source",
            Problem::Redirected(_) => "set the url to the address that the server names",
            Problem::RateLimited | Problem::Status(_) => "look into the server's log, try again",
            Problem::Malformed(_) | Problem::TooLarge(_) => {
                "check that nothing between here and the server changes its answers"
            }
            Problem::Rejected(_) => "what the server says is the reason; its log may say more",
            Problem::Unusable(_) => "check what was given: a file, a magnet link or an address",
            Problem::Io(_) => "check that the folder is mounted and may be read",
            Problem::Configuration(_) => "correct the configuration of the source",
        }
    }
}
