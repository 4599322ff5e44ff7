//! What somebody saw before they decided: a change that is wanted of that only is refused when the
//! thing is no longer so.
//!
//! What an item shows and what people wrote of it is compared again in the transaction that changes
//! it, so nothing comes between. Sources and download clients are compared and changed one after the
//! other in this process; what another process writes of them in the same instant is not seen.

use std::sync::Arc;

use serde::Serialize;

use crate::App;
use crate::error::{AppError, Result};

/// Tells whether a thing, written down as programs see it, is what somebody saw.
pub(crate) type Seen = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

impl App {
    /// The application for one who corrects items, or changes or forgets sources and download
    /// clients, only as they were seen. Everything else goes on as without it.
    #[must_use]
    pub fn provided(&self, seen: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self { seen: Some(Arc::new(seen)), ..self.clone() }
    }

    /// Refuses to change what is not as it was seen.
    pub(crate) fn expect(
        &self,
        what: &'static str,
        name: &str,
        view: &impl Serialize,
    ) -> Result<()> {
        let Some(seen) = &self.seen else { return Ok(()) };
        // What cannot be written down was not seen either.
        let is_so = serde_json::to_vec(view).is_ok_and(|written| seen(&written));
        if is_so { Ok(()) } else { Err(AppError::Changed { what, name: name.to_owned() }) }
    }
}
