//! Leases: one worker per source, whatever the number of processes. A lease that is not renewed
//! expires; whoever takes it over gets a larger fencing token, so that the former owner can no
//! longer write (see [`Store::begin`]). The clock is the caller's.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::Store;
use crate::cell::{Cell, stored};
use crate::error::{Result, StoreError};
use crate::sql::{Session, cell};

/// The lease of whoever does long work for a person: what has no source of its own.
pub const PERSONS_LEASE: &str = "person";

/// A lease that was acquired.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who has it.
    pub owner: String,
    /// Larger than that of every earlier owner.
    pub fencing_token: i64,
    /// Until when, unless renewed.
    pub expires_at: DateTime<Utc>,
}

impl Store {
    /// Takes a lease that is free or expired. `None` when somebody has it, even the same owner:
    /// one that was killed and restarted waits until its lease expires.
    ///
    /// # Errors
    /// What the database says.
    pub async fn acquire_lease(
        &self,
        name: &str,
        owner: &str,
        ttl: Duration,
        now: DateTime<Utc>,
    ) -> Result<Option<Lease>> {
        let expires_at = stored(now + ttl);
        let sql = "INSERT INTO leases (name, owner, fencing_token, expires_at) \
                   VALUES (?, ?, 1, ?) ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, \
                   fencing_token = leases.fencing_token + 1, expires_at = excluded.expires_at \
                   WHERE leases.expires_at <= ? AND leases.name <> 'catalogue' \
                   RETURNING fencing_token";
        let values = vec![name.into(), owner.into(), expires_at.into(), now.to_cell()];
        let rows = Session::new(self.write.clone()).query(sql, values).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (name, owner) = (name.to_owned(), owner.to_owned());
        Ok(Some(Lease { name, owner, fencing_token: cell(row, 0)?, expires_at }))
    }

    /// Who has or last had a lease that was not given back; it may have expired.
    ///
    /// # Errors
    /// What the database says.
    pub async fn lease(&self, name: &str) -> Result<Option<Lease>> {
        let sql = "SELECT owner, fencing_token, expires_at FROM leases \
                   WHERE name = ? AND expires_at > ?";
        let values = vec![name.into(), DateTime::UNIX_EPOCH.to_cell()];
        let rows = Session::new(self.write.clone()).query(sql, values).await?;
        let read = |row| {
            Ok(Lease {
                name: name.to_owned(),
                owner: cell(row, 0)?,
                fencing_token: cell(row, 1)?,
                expires_at: cell(row, 2)?,
            })
        };
        rows.first().map(read).transpose()
    }

    /// The leases that somebody has now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn live_leases(&self, now: DateTime<Utc>) -> Result<Vec<Lease>> {
        let sql = "SELECT owner, fencing_token, expires_at, name FROM leases \
                   WHERE expires_at > ? ORDER BY name";
        let rows = Session::new(self.read.clone()).query(sql, vec![now.to_cell()]).await?;
        let read = |row| {
            Ok(Lease {
                name: cell(row, 3)?,
                owner: cell(row, 0)?,
                fencing_token: cell(row, 1)?,
                expires_at: cell(row, 2)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Keeps a lease for another `ttl` from `now`, also when it has expired but nobody took it.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when somebody else has it.
    pub async fn renew_lease(
        &self,
        lease: &mut Lease,
        ttl: Duration,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let expires_at = stored(now + ttl);
        let sql = "UPDATE leases SET expires_at = ? \
                   WHERE name = ? AND owner = ? AND fencing_token = ?";
        if self.on_lease(sql, lease, expires_at).await? == 0 {
            return Err(StoreError::LeaseLost { name: lease.name.clone() });
        }
        lease.expires_at = expires_at;
        Ok(())
    }

    /// Gives a lease back. One that was lost is left alone. The row stays, so that fencing tokens
    /// never repeat.
    ///
    /// # Errors
    /// What the database says.
    pub async fn release_lease(&self, lease: Lease) -> Result<()> {
        let sql = "UPDATE leases SET expires_at = ? \
                   WHERE name = ? AND owner = ? AND fencing_token = ?";
        self.on_lease(sql, &lease, DateTime::UNIX_EPOCH).await.map(drop)
    }

    /// Gives back every lease of an owner, and gives their names.
    ///
    /// # Errors
    /// What the database says.
    pub async fn release_leases_of(&self, owner: &str) -> Result<Vec<String>> {
        let sql = "UPDATE leases SET expires_at = ? WHERE owner = ? AND expires_at > ? \
                   RETURNING name";
        let none = DateTime::UNIX_EPOCH.to_cell();
        let values = vec![none.clone(), owner.into(), none];
        let rows = Session::new(self.write.clone()).query(sql, values).await?;
        rows.iter().map(|row| cell(row, 0)).collect()
    }

    async fn on_lease(&self, sql: &str, lease: &Lease, expires_at: DateTime<Utc>) -> Result<u64> {
        let values = vec![
            expires_at.into(),
            lease.name.as_str().into(),
            lease.owner.as_str().into(),
            lease.fencing_token.into(),
        ];
        Session::new(self.write.clone()).execute(sql, values).await
    }
}
