//! The one error at the edge: what happened, what to do, and how a program should exit.

use shelfread_domain::field::FieldError;
use shelfread_domain::port::SourceError;
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
    /// What was planned no longer fits.
    #[error("the plan no longer fits: {0}")]
    Stale(String),
    /// A source could not be read.
    #[error("source '{name}': {error}")]
    Source {
        /// Which source.
        name: String,
        /// Why.
        error: SourceError,
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

    /// What a person can do about it, where there is more to say than the message.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { what, .. } => Some(format!("`shelfread {what} list` shows them")),
            Self::Busy { .. } | Self::AtWork => {
                Some("wait for it to end, or try again later".to_owned())
            }
            Self::Stale(_) => Some("sync again and decide on the new plan".to_owned()),
            Self::Source { error, .. } => Some(error.hint().to_owned()),
            Self::Usage(_) | Self::Store(_) | Self::Field(_) => None,
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
            Self::Usage(_) | Self::NotFound { .. } | Self::Field(_) => 2,
            _ => 1,
        }
    }
}
