//! Libraries of sources: listed, and left out of syncs or taken in again.

use chrono::{DateTime, Utc};
use serde::Serialize;
use shelfread_domain::{LibraryId, RunId};
use shelfread_store::LibraryRow;
use utoipa::ToSchema;

use crate::App;
use crate::error::{AppError, Result};

/// A part of a source that is listed as one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LibraryView {
    /// Its id.
    pub id: LibraryId,
    /// The source's id for it.
    pub remote_id: String,
    /// As its source names it.
    pub name: String,
    /// What it holds: `movies`, `shows` or `mixed`.
    pub kind: &'static str,
    /// Whether it is synced.
    pub enabled: bool,
    /// The last run that listed it completely.
    pub last_complete_run_id: Option<RunId>,
    /// When that run began.
    pub last_complete_at: Option<DateTime<Utc>>,
}

impl LibraryView {
    fn of(row: LibraryRow) -> Self {
        Self {
            id: row.id,
            remote_id: row.remote_id,
            name: row.name,
            kind: row.kind.as_str(),
            enabled: row.enabled,
            last_complete_run_id: row.last_complete_run_id,
            last_complete_at: row.last_complete_at,
        }
    }
}

impl App {
    /// The libraries of a source.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; what the database says.
    pub async fn libraries(&self, source: &str) -> Result<Vec<LibraryView>> {
        let source = self.source(source).await?;
        let rows = self.store.libraries(source.id).await?;
        Ok(rows.into_iter().map(LibraryView::of).collect())
    }

    /// Leaves a library out of syncs, or takes it in again. What is known of it stays as it is.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; what the database says.
    pub async fn enable_library(
        &self,
        source: &str,
        library: LibraryId,
        enabled: bool,
    ) -> Result<LibraryView> {
        let source = self.source(source).await?;
        let rows = self.store.libraries(source.id).await?;
        let known = rows.into_iter().find(|row| row.id == library);
        let known = known.ok_or_else(|| AppError::not_found("library", library.to_string()))?;
        if known.enabled != enabled {
            self.store.enable_library(library, enabled, self.clock.now()).await?;
        }
        Ok(LibraryView::of(LibraryRow { enabled, ..known }))
    }
}
