//! What a person set: settings and overrides of items. These are the only functions that write
//! the tables `item_settings` and `overrides`. A sync has no way here: it writes by
//! [`Batch::apply`], which refuses such rows.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use shelfread_domain::{OverrideRecord, Plan, RunId, SettingsRecord};

use crate::apply::{Sorted, Steps, net, write_catalogue};
use crate::batch::Batch;
use crate::cell::Cell;
use crate::error::Result;
use crate::mapping::{Mapping, Stamp, group};
use crate::sql::Session;

/// Table `item_settings`.
const SETTINGS: Mapping<SettingsRecord> = Mapping {
    table: "item_settings",
    key: group!(SettingsRecord, r { item_id: Uuid = r.item_id }),
    groups: &[group!(
        SettingsRecord,
        r {
            auto_download: Bool = r.auto_download,
            status: Text = r.status,
            downloaded_at: Time = r.downloaded_at,
            extra: Json = r.extra,
        }
    )],
    by_run: false,
    updated: true,
};

/// Table `overrides`.
const OVERRIDES: Mapping<OverrideRecord> = Mapping {
    table: "overrides",
    key: group!(OverrideRecord, r { item_id: Uuid = r.item_id, field: Text = r.field }),
    groups: &[group!(OverrideRecord, r { value: Text = r.value })],
    by_run: false,
    updated: true,
};

impl Batch {
    /// Writes a plan that a person asked for: a revert, or a correction. Like [`Batch::apply`], but
    /// it may also write settings and overrides.
    ///
    /// # Errors
    /// Like [`Batch::apply`].
    pub fn apply_revert<'a>(
        &'a mut self,
        run: RunId,
        plan: &'a Plan,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.check()?;
            let net = net(&plan.changes);
            let sorted = Sorted::of(&net);
            let stamp = Stamp { run, now };
            let written = write_all(&self.session, &sorted, stamp).await;
            self.guard(written)?;
            let journalled = self.journal_applied(&net, &sorted, run).await;
            self.guard(journalled)
        })
    }
}

async fn write_all(
    session: &Session<DatabaseTransaction>,
    sorted: &Sorted<'_>,
    stamp: Stamp,
) -> Result<()> {
    SETTINGS.delete(session, &sorted.settings.delete).await?;
    OVERRIDES.delete(session, &sorted.overrides.delete).await?;
    write_catalogue(session, sorted, stamp).await?;
    write(session, &SETTINGS, &sorted.settings, stamp).await?;
    write(session, &OVERRIDES, &sorted.overrides, stamp).await
}

async fn write<R, C: ConnectionTrait>(
    session: &Session<C>,
    mapping: &Mapping<R>,
    steps: &Steps<'_, R>,
    stamp: Stamp,
) -> Result<()> {
    mapping.update(session, &steps.update, stamp).await?;
    mapping.insert(session, &steps.insert, stamp).await
}
