//! The report of a run: what the command line prints as JSON and the API returns.

use serde::Serialize;
use shelfread_domain::{Change, Counts, RunId, RunStatus};
use shelfread_store::{LibraryCoverage, RunError};
use utoipa::ToSchema;

use crate::render::ChangeView;

/// What a run did, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunReport {
    /// The run.
    pub id: RunId,
    /// Of which source.
    pub source: String,
    /// How it ended.
    pub status: RunStatus,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// What was done, in items.
    pub counts: Counts,
    /// What the listings covered.
    pub coverage: Vec<LibraryCoverage>,
    /// What failed, each by name.
    pub errors: Vec<RunError>,
    /// The plan; only of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<ChangeView>>,
}

impl RunReport {
    /// Notes the changes of a dry run.
    pub(crate) fn show(&mut self, changes: &[Change]) {
        if let Some(shown) = &mut self.changes {
            shown.extend(changes.iter().map(ChangeView::of));
        }
    }
}
