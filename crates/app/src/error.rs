//! The one error at the edge: what happened, what to do, and how a program should exit.

use shelfread_domain::field::FieldError;
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::StoreError;

/// The result of a use case.
pub type Result<T, E = AppError> = std::result::Result<T, E>;

/// Why a use case could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Something was named that is not there.
    #[error("there is no {what} '{name}'")]
    NotFound {
        /// Source, item, run …
        what: &'static str,
        /// As it was named.
        name: String,
    },
    /// Something is to have a name that something else has.
    #[error("there is a {what} '{name}' already")]
    Taken {
        /// Source, download client …
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A person wants to change what the configuration declares.
    #[error("'{0}' is declared in the configuration; change it there")]
    Declared(String),
    /// The request makes no sense as it is.
    #[error("{0}")]
    Usage(String),
    /// A source is at work already.
    #[error("'{source_name}' is being synced already")]
    Busy {
        /// Which source.
        source_name: String,
    },
    /// Something else that a person asked for is at work.
    #[error("a removal, import or revert is at work already")]
    AtWork,
    /// The program is about to end and begins nothing new.
    #[error("the program is about to end")]
    Closing,

    /// Who asks did not prove to be who they say.
    #[error("{0}")]
    Denied(&'static str),
    /// What was planned no longer fits.
    #[error("the plan no longer fits: {0}")]
    Stale(String),
    /// What is to be changed is not what was seen.
    #[error("the {what} '{name}' is no longer as it was read")]
    Changed {
        /// Item, source, download client.
        what: &'static str,
        /// Its name or id.
        name: String,
    },
    /// A source could not be read.
    #[error("source '{name}': {error}")]
    Source {
        /// Which source.
        name: String,
        /// Why.
        error: SourceError,
    },
    /// A download client did not do what it was asked.
    #[error("download client '{name}': {error}")]
    Client {
        /// Which client.
        name: String,
        /// Why.
        error: SourceError,
        /// Whether it may have done it: the queue says what is pending, and its next answer
        /// decides.
        pending: bool,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A field or value that does not fit.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl AppError {
    /// Something was named that is not there.
    pub fn not_found(what: &'static str, name: impl Into<String>) -> Self {
        Self::NotFound { what, name: name.into() }
    }

    /// Something is to have a name that something else has.
    pub fn taken(what: &'static str, name: impl Into<String>) -> Self {
        Self::Taken { what, name: name.into() }
    }

    /// A download client certainly did not do what it was asked.
    pub fn client(name: impl Into<String>, error: SourceError) -> Self {
        Self::Client { name: name.into(), error, pending: false }
    }

    /// A download client may have done what it was asked.
    pub fn pending(name: impl Into<String>, error: SourceError) -> Self {
        Self::Client { name: name.into(), error, pending: true }
    }

    /// What a person can do about it, where there is more to say than the message.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { what: "download client", .. } => {
                Some("`shelfread download clients` shows them".to_owned())
            }
            Self::NotFound { what, .. } => Some(format!("`shelfread {what} list` shows them")),
            Self::Closing => Some("try again once it runs again".to_owned()),
            Self::Busy { .. } | Self::AtWork => {
                Some("wait for it to end, or try again later".to_owned())
            }
            Self::Changed { .. } => Some("read it again and decide anew".to_owned()),
            Self::Stale(_) => Some("sync again and decide on the new plan".to_owned()),
            Self::Source { error, .. } => Some(error.hint().to_owned()),
            Self::Client { pending: true, .. } => {
                Some("the queue says what is pending; the client's next answer decides".to_owned())
            }
            Self::Client { error, .. } => Some(client_hint(error).to_owned()),
            Self::Taken { .. } => Some("change that one, or choose another name".to_owned()),
            Self::Usage(_)
            | Self::Declared(_)
            | Self::Denied(_)
            | Self::Store(_)
            | Self::Field(_) => None,
        }
    }

    /// What happened and what to do, in one line.
    pub fn advice(&self) -> String {
        match self.hint() {
            Some(hint) => format!("{self}; {hint}"),
            None => self.to_string(),
        }
    }

    /// The exit code of the command line: 2 for wrong usage or configuration, 1 for the rest.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::NotFound { .. }
            | Self::Taken { .. }
            | Self::Declared(_)
            | Self::Field(_) => 2,
            _ => 1,
        }
    }
}

/// What a person can do about a download client.
fn client_hint(error: &SourceError) -> &'static str {
    match error.problem {
        Problem::Unauthorized | Problem::Forbidden => "check its username and password",
        _ => error.hint(),
    }
}
