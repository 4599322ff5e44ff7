//! Holds: removals that wait for a person. The removals themselves are in the journal of their
//! run, as changes with the state `held`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, Set, Statement, Value,
};
use shelfread_domain::id::HoldId;
use shelfread_domain::{LibraryId, ListingId, RunId, SourceId};

use crate::bulk;
use crate::cell::stored;
use crate::entity::holds::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::sql::{Rows, Ty};
use crate::{Batch, Store};

/// How a hold stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoldState {
    /// It waits.
    Pending,
    /// A person let it happen.
    Approved,
    /// A person kept the items.
    Discarded,
    /// It no longer fitted when a person approved it.
    Stale,
    /// A later run held other removals of the same library.
    Superseded,
}

impl HoldState {
    /// The text that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Discarded => "discarded",
            Self::Stale => "stale",
            Self::Superseded => "superseded",
        }
    }
}

/// Removals of one library that wait for a person, or did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HoldRow {
    /// Ours.
    pub id: HoldId,
    /// The run that held them.
    pub run_id: RunId,
    /// The library that would lose the items.
    pub library_id: LibraryId,
    /// Of exactly the listings that would go.
    pub fingerprint: String,
    /// `pending`, `approved`, `discarded`, `stale` or `superseded`.
    pub state: String,
    /// How many items.
    pub items: u64,
    /// How many listings.
    pub listings: u64,
    /// Why they are held.
    pub reason: String,
}

impl Batch {
    /// The hold of these very removals that waits already.
    ///
    /// # Errors
    /// What the database says.
    pub async fn pending_hold(
        &mut self,
        library: LibraryId,
        fingerprint: &str,
    ) -> Result<Option<HoldId>> {
        self.check()?;
        let query = Entity::find()
            .filter(Column::LibraryId.eq(library.0))
            .filter(Column::State.eq(HoldState::Pending.as_str()))
            .filter(Column::Fingerprint.eq(fingerprint));
        let found = query.one(self.session.conn()).await.map_err(Into::into);
        Ok(self.guard(found)?.map(|m| HoldId(m.id)))
    }

    /// Writes a hold. What waited of the same library before is superseded: the newest listing
    /// knows best what is gone.
    ///
    /// # Errors
    /// What the database says.
    pub async fn put_hold(&mut self, hold: &HoldRow, now: DateTime<Utc>) -> Result<()> {
        self.check()?;
        let written = self.write_hold(hold, now).await;
        self.guard(written)
    }

    async fn write_hold(&self, hold: &HoldRow, now: DateTime<Utc>) -> Result<()> {
        supersede(self.session.conn(), hold.library_id, now).await?;
        let model = Model {
            id: hold.id.0,
            run_id: hold.run_id.0,
            library_id: hold.library_id.0,
            fingerprint: hold.fingerprint.clone(),
            state: hold.state.clone(),
            item_count: i64::try_from(hold.items).unwrap_or(i64::MAX),
            listing_count: i64::try_from(hold.listings).unwrap_or(i64::MAX),
            reason: hold.reason.clone(),
            decided_at: None,
            created_at: stored(now),
            updated_at: stored(now),
        };
        let insert = Entity::insert(model.into_active_model().reset_all());
        insert.exec_without_returning(self.session.conn()).await?;
        Ok(())
    }

    /// Keeps listings although their source does not list them: a person wants it so. They are
    /// not asked about again until they are listed again.
    ///
    /// # Errors
    /// What the database says.
    pub async fn keep_listings(&mut self, ids: &[ListingId], now: DateTime<Utc>) -> Result<()> {
        self.check()?;
        let sql = "WITH kept AS (SELECT id FROM {k}) \
                   UPDATE listings SET kept_since = ?, standing = 0 WHERE id IN (SELECT id FROM kept)";
        let ids = Rows::single(ids.iter().map(|id| id.0));
        let now = Value::from(stored(now));
        let done = self.session.execute_keys(sql, &[("id", Ty::Uuid)], &ids, [now]).await;
        self.guard(done).map(drop)
    }

    /// Notes what became of a hold that waits.
    ///
    /// # Errors
    /// [`StoreError::Stale`](crate::StoreError::Stale) when it no longer waits; what the database
    /// says.
    pub async fn decide_hold(
        &mut self,
        hold: HoldId,
        state: HoldState,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.check()?;
        let change = ActiveModel {
            state: Set(state.as_str().to_owned()),
            decided_at: Set(Some(stored(now))),
            updated_at: Set(stored(now)),
            ..Default::default()
        };
        let update = Entity::update_many()
            .set(change)
            .filter(Column::Id.eq(hold.0))
            .filter(Column::State.eq(HoldState::Pending.as_str()));
        let done = update.exec(self.session.conn()).await.map_err(Into::into);
        let decided = self.guard(done)?.rows_affected;
        self.guard(bulk::expect("holds", 1, decided))?;
        let told = self.tell_journal(hold, state).await;
        self.guard(told)
    }

    /// The journal of a run says what became of its plan, once nothing of it waits any more.
    async fn tell_journal(&self, hold: HoldId, state: HoldState) -> Result<()> {
        let sql = "UPDATE run_changes SET state = ? WHERE state = 'held' \
                   AND run_id = (SELECT run_id FROM holds WHERE id = ?) \
                   AND NOT EXISTS (SELECT 1 FROM holds h \
                   WHERE h.run_id = run_changes.run_id AND h.state = 'pending')";
        let values = vec![state.as_str().into(), hold.0.into()];
        self.session.execute(sql, values).await.map(drop)
    }
}

impl Store {
    /// The holds of a run, in the order in which they were made.
    ///
    /// # Errors
    /// What the database says.
    pub async fn holds(&self, run: RunId) -> Result<Vec<HoldRow>> {
        let query = Entity::find().filter(Column::RunId.eq(run.0)).order_by_asc(Column::Id);
        Ok(query.all(&self.read).await?.into_iter().map(row).collect())
    }

    /// The holds of a source that wait for a person.
    ///
    /// # Errors
    /// What the database says.
    pub async fn pending_holds(&self, source: SourceId) -> Result<Vec<HoldRow>> {
        let libraries: Vec<_> = self.libraries(source).await?.iter().map(|l| l.id.0).collect();
        let query = Entity::find()
            .filter(Column::LibraryId.is_in(libraries))
            .filter(Column::State.eq(HoldState::Pending.as_str()))
            .order_by_asc(Column::Id);
        Ok(query.all(&self.read).await?.into_iter().map(row).collect())
    }

    /// What waited of a library waits no longer: a complete listing showed that nothing is to be
    /// held. Writes nothing where nothing waits.
    ///
    /// # Errors
    /// What the database says.
    pub async fn supersede_holds(&self, library: LibraryId, now: DateTime<Utc>) -> Result<()> {
        if self.count_pending_holds().await? == 0 {
            return Ok(());
        }
        supersede(&self.write, library, now).await
    }

    /// How many holds wait for a person.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_pending_holds(&self) -> Result<u64> {
        let pending = Entity::find().filter(Column::State.eq(HoldState::Pending.as_str()));
        Ok(pending.count(&self.read).await?)
    }
}

async fn supersede<C: ConnectionTrait>(
    conn: &C,
    library: LibraryId,
    now: DateTime<Utc>,
) -> Result<()> {
    let change = ActiveModel {
        state: Set(HoldState::Superseded.as_str().to_owned()),
        updated_at: Set(stored(now)),
        ..Default::default()
    };
    let update = Entity::update_many()
        .set(change)
        .filter(Column::LibraryId.eq(library.0))
        .filter(Column::State.eq(HoldState::Pending.as_str()));
    if update.exec(conn).await?.rows_affected == 0 {
        return Ok(());
    }
    let told = Statement::from_sql_and_values(
        conn.get_database_backend(),
        "UPDATE run_changes SET state = 'superseded' WHERE state = 'held' AND run_id IN \
         (SELECT run_id FROM holds WHERE library_id = $1 AND state = 'superseded') \
         AND NOT EXISTS (SELECT 1 FROM holds h \
         WHERE h.run_id = run_changes.run_id AND h.state = 'pending')",
        [library.0.into()],
    );
    conn.execute_raw(told).await?;
    Ok(())
}

fn row(model: Model) -> HoldRow {
    HoldRow {
        id: HoldId(model.id),
        run_id: RunId(model.run_id),
        library_id: LibraryId(model.library_id),
        fingerprint: model.fingerprint,
        state: model.state,
        items: model.item_count.unsigned_abs(),
        listings: model.listing_count.unsigned_abs(),
        reason: model.reason,
    }
}
