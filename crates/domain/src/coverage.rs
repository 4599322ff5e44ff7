//! Coverage: the certificate of a listing. Only a complete one proves that something is gone.

use serde::{Deserialize, Serialize};

/// What a listing of one library covered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Coverage {
    /// Whether everything that the library has was listed. Absence proves nothing otherwise.
    pub complete: bool,
    /// How many remote items the source said it has, if it says.
    pub expected: Option<u64>,
    /// How many came.
    pub received: u64,
    /// Why it is not complete.
    pub reason: Option<String>,
}

impl Coverage {
    /// Everything came.
    pub const fn complete(expected: Option<u64>, received: u64) -> Self {
        Self { complete: true, expected, received, reason: None }
    }

    /// Something is missing or uncertain.
    pub fn partial(expected: Option<u64>, received: u64, reason: impl Into<String>) -> Self {
        Self { complete: false, expected, received, reason: Some(reason.into()) }
    }
}
