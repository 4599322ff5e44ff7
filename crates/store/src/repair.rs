//! Repair: what doctor can mend, because it follows from what is there: keys from facts, parents
//! from what sources say, rows that refer to nothing, runs that nobody works on. One transaction.
//!
//! It deliberately touches nothing that a person set, and nothing whose right value is anybody's
//! guess: doubles, rows of the wrong kind and a damaged file are reported and left alone.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{QueryResult, Value};
use shelfread_domain::RunStatus;
use uuid::Uuid;

use crate::Store;
use crate::batch::{Batch, CATALOGUE};
use crate::bulk;
use crate::cell::{Cell, stored};
use crate::doctor::{self, Finding, PAGE};
use crate::error::Result;
use crate::mapping;
use crate::sql::{Rows, Session, Ty, cell};

/// Seasons and episodes without their show, and the show below which a source lists them, where
/// nothing else has their place.
const LOST_CHILDREN: &str = "SELECT c.id, c.title, i.id, c.kind, c.season_number, \
    c.episode_number, c.air_date FROM items c JOIN listings l ON l.item_id = c.id \
    JOIN listings s ON s.library_id = l.library_id AND s.remote_id = l.parent_remote_id \
    JOIN items i ON i.id = s.item_id AND i.kind = 'show' \
    WHERE c.kind IN ('season', 'episode') \
    AND NOT EXISTS (SELECT 1 FROM items p WHERE p.id = c.parent_id AND p.kind = 'show') \
    AND NOT EXISTS (SELECT 1 FROM items t WHERE t.parent_id = i.id AND t.kind = c.kind \
    AND ((t.season_number = c.season_number AND (c.kind = 'season' \
    OR t.episode_number = c.episode_number)) \
    OR (c.kind = 'episode' AND c.episode_number IS NULL AND t.episode_number IS NULL \
    AND t.air_date = c.air_date))) \
    ORDER BY c.id, i.id";

/// Listings that no sync can go on with: of an item that is not there, or of none and nobody is
/// asked. The source says them again.
const LOST_LISTINGS: &str = "SELECT id, remote_id, library_id FROM listings l \
    WHERE (l.item_id IS NULL AND l.review IS NULL) OR (l.item_id IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM items i WHERE i.id = l.item_id))";

/// Tables whose rows mean nothing without their item, and what tells one of them.
const HANGING: [(&str, &str); 2] = [("external_ids", "provider"), ("progress", "'play state'")];

impl Store {
    /// Puts the row back that all batches lock; whether it was missing. Without it nothing can be
    /// written on PostgreSQL.
    ///
    /// # Errors
    /// What the database says.
    pub async fn restore_lock(&self) -> Result<bool> {
        let sql = "INSERT INTO leases (name, owner, fencing_token, expires_at) \
                   VALUES (?, '', 0, ?) ON CONFLICT (name) DO NOTHING";
        let values = vec![CATALOGUE.into(), DateTime::<Utc>::UNIX_EPOCH.to_cell()];
        Ok(Session::new(self.write.clone()).execute(sql, values).await? > 0)
    }
}

impl Batch {
    /// Mends what is derivable, and says what was mended.
    ///
    /// # Errors
    /// What the database says. After an error the batch can only be dropped.
    pub fn mend(&mut self, now: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Finding>>> {
        Box::pin(async move {
            self.check()?;
            let mended = self.mend_all(now).await;
            self.guard(mended)
        })
    }

    async fn mend_all(&self, now: DateTime<Utc>) -> Result<Vec<Finding>> {
        let mut mended = Vec::new();
        self.mend_children(now, &mut mended).await?;
        self.mend_listings(&mut mended).await?;
        self.mend_hanging(&mut mended).await?;
        self.mend_runs(now, &mut mended).await?;
        self.mend_keys(&mut mended).await?;
        self.mend_presence(&mut mended).await?;
        Ok(mended)
    }

    /// Gives children back to the show below which their source lists them.
    async fn mend_children(&self, now: DateTime<Utc>, mended: &mut Vec<Finding>) -> Result<()> {
        let (mut done, mut taken) = (HashSet::new(), HashSet::new());
        for row in self.session.query(LOST_CHILDREN, Vec::new()).await? {
            let (child, title): (Uuid, String) = (cell(&row, 0)?, cell(&row, 1)?);
            if done.contains(&child) || !taken.insert(place(&row)?) {
                continue;
            }
            done.insert(child);
            let sql = "UPDATE items SET parent_id = ?, updated_at = ? WHERE id = ?";
            let show: Uuid = cell(&row, 2)?;
            let values = vec![show.into(), stored(now).into(), child.into()];
            self.session.execute(sql, values).await?;
            mended.push(finding("orphan", title, "given back to its show"));
        }
        Ok(())
    }

    async fn mend_listings(&self, mended: &mut Vec<Finding>) -> Result<()> {
        let lost = self.session.query(LOST_LISTINGS, Vec::new()).await?;
        let mut libraries = HashSet::new();
        let mut ids = Rows::single([] as [Uuid; 0]);
        for row in &lost {
            ids.cells.push(Value::from(cell::<Uuid>(row, 0)?));
            libraries.insert(cell::<Uuid>(row, 2)?);
            let what = "forgotten; the next full sync lists it again";
            mended.push(finding("unplaced", cell(row, 1)?, what));
        }
        bulk::delete(&self.session, "listings", &[("id", Ty::Uuid)], &ids).await?;
        let sql = "WITH again AS (SELECT id FROM {k}) UPDATE libraries \
                   SET last_complete_run_id = NULL, last_complete_at = NULL \
                   WHERE id IN (SELECT id FROM again)";
        let libraries = Rows::single(libraries);
        self.session.execute_keys(sql, &[("id", Ty::Uuid)], &libraries, []).await?;
        Ok(())
    }

    async fn mend_hanging(&self, mended: &mut Vec<Finding>) -> Result<()> {
        for (table, name) in HANGING {
            let lost = format!(
                "FROM {table} WHERE NOT EXISTS \
                 (SELECT 1 FROM items i WHERE i.id = {table}.item_id)"
            );
            for row in self.session.query(&format!("SELECT {name} {lost}"), Vec::new()).await? {
                mended.push(finding("orphan", cell(&row, 0)?, "taken away: its item is gone"));
            }
            self.session.execute(&format!("DELETE {lost}"), Vec::new()).await?;
        }
        Ok(())
    }

    async fn mend_runs(&self, now: DateTime<Utc>, mended: &mut Vec<Finding>) -> Result<()> {
        for (id, source) in doctor::open_runs(&self.session, now).await? {
            let sql = "UPDATE runs SET status = ?, message = ?, finished_at = ? WHERE id = ?";
            let message = "it was killed; what it had applied until then stays";
            let (status, now) = (RunStatus::Failed.as_str(), stored(now));
            let values = vec![status.into(), message.into(), now.into(), id.into()];
            self.session.execute(sql, values).await?;
            mended.push(finding("open_run", source, "recorded as failed"));
        }
        Ok(())
    }

    /// Brings what is stored beside the facts of listings to what follows from them.
    async fn mend_keys(&self, mended: &mut Vec<Finding>) -> Result<()> {
        let mut last = Uuid::nil();
        loop {
            let text = doctor::listings_text();
            let rows = self.session.query(&text, vec![last.into(), PAGE.into()]).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = cell(end, 0)?;
            let mut wrong = Rows::new(3, 0);
            for row in &rows {
                // One that cannot be read is told by the examination.
                let Ok(l) = mapping::listing(row) else { continue };
                let (key, standing) = (l.facts.file_key(), mapping::standing(l.standing()));
                if l.file_key != key || cell::<i32>(row, 17)? != standing {
                    wrong.cells.extend([l.id.to_cell(), key.to_cell(), standing.to_cell()]);
                    mended.push(finding("derived", l.remote_id.0, "brought to its facts"));
                }
            }
            let columns = [("id", Ty::Uuid), ("file_key", Ty::Big), ("standing", Ty::Int)];
            bulk::update(&self.session, "listings", 1, &columns, wrong).await?;
        }
    }

    /// What the listings of an item amount to. The database keeps it by itself as a rule.
    async fn mend_presence(&self, mended: &mut Vec<Finding>) -> Result<()> {
        for row in self.session.query(doctor::PRESENCE, Vec::new()).await? {
            mended.push(finding("derived", cell(&row, 0)?, "its presence follows its listings"));
        }
        let amount = doctor::AMOUNT;
        let sql = format!(
            "UPDATE items SET presence = ({amount} WHERE l.item_id = items.id) \
             WHERE presence <> ({amount} WHERE l.item_id = items.id)"
        );
        self.session.execute(&sql, Vec::new()).await.map(drop)
    }
}

/// The place that a child would have: only one may get it.
fn place(row: &QueryResult) -> Result<(Uuid, String, String)> {
    let number = |index| cell::<Option<i32>>(row, index);
    let date: Option<chrono::NaiveDate> = cell(row, 6)?;
    let numbers = format!("{:?} {:?} {date:?}", number(4)?, number(5)?);
    Ok((cell(row, 2)?, cell(row, 3)?, numbers))
}

fn finding(kind: &'static str, subject: String, message: &str) -> Finding {
    Finding { kind, subject, message: message.to_owned() }
}
