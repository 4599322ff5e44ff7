//! The outbox: what targets are still to be told, were told, or could not be told.
//!
//! One row for each event and target, whatever the number of servers: the database refuses a
//! second one. Who delivers a row claims it first, for a while; a server that dies leaves it to
//! the others when that while is over.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{QueryResult, Value};
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::Store;
use crate::cell::{Cell, from_json, word};
use crate::error::Result;
use crate::sql::{self, Column, Rows, Session, Ty, cell};

/// How a letter stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// It is still to be delivered.
    Waiting,
    /// It was delivered.
    Sent,
    /// It was tried often enough; only a person has it tried again.
    Dead,
}

impl LetterState {
    /// The text that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }

    /// Reads that text back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Sent, Self::Dead].into_iter().find(|state| state.as_str() == text)
    }
}

/// Something that one target is to be told.
#[derive(Clone, PartialEq, Debug)]
pub struct NewLetter {
    /// Who.
    pub target_id: Uuid,
    /// The event's place in history.
    pub event_seq: i64,
    /// The event whole: it may be forgotten before it is told.
    pub event: Json,
}

/// A letter as it stands.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Letter {
    /// Ours.
    pub id: Uuid,
    /// To whom.
    pub target_id: Uuid,
    /// The name of that target.
    pub target: String,
    /// The event's place in history.
    pub event_seq: i64,
    /// The event whole.
    pub event: Json,
    /// How it stands.
    pub state: LetterState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub next_at: DateTime<Utc>,
    /// Why it was not delivered when it was last tried.
    pub last_error: Option<String>,
    /// When it was delivered.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// Which letters to list. Absent means any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LetterFilter {
    /// In this state.
    pub state: Option<LetterState>,
    /// To the target of this name.
    pub target: Option<String>,
    /// Written before the letter with this id.
    pub before: Option<Uuid>,
}

/// Letters that are written by one statement.
const AT_ONCE: usize = 500;

const KEYS: [Column; 4] =
    [("id", Ty::Uuid), ("target_id", Ty::Uuid), ("event_seq", Ty::Big), ("event", Ty::Json)];

const TO: &str = "JOIN notification_targets t ON t.id = o.target_id";

const COLUMNS: &str = "o.id, o.target_id, t.name, o.event_seq, CAST(o.event AS text), o.state, \
                       o.attempts, o.next_at, o.last_error, o.sent_at, o.created_at";

impl Store {
    /// Writes letters that are not written yet, and moves the marks of `targets` to `seen`, in one
    /// transaction. Gives how many letters are new.
    ///
    /// # Errors
    /// What the database says.
    pub async fn put_letters(
        &self,
        letters: &[NewLetter],
        targets: &[Uuid],
        seen: i64,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let session = Session::new(sql::begin(&self.write).await?);
        let sql = "WITH k AS (SELECT * FROM {k}) INSERT INTO outbox (id, target_id, event_seq, \
                   event, state, attempts, next_at, created_at, updated_at) \
                   SELECT k.id, k.target_id, k.event_seq, k.event, 'waiting', 0, ?, ?, ? FROM k \
                   JOIN notification_targets t ON t.id = k.target_id WHERE t.seen_seq < k.event_seq \
                   ON CONFLICT (target_id, event_seq) DO NOTHING";
        let (mut written, now) = (0, now.to_cell());
        for some in letters.chunks(AT_ONCE) {
            let rows = Rows { width: KEYS.len(), cells: some.iter().flat_map(cells).collect() };
            let times = [now.clone(), now.clone(), now.clone()];
            written += session.execute_keys(sql, &KEYS, &rows, times).await?;
        }
        let mark = "WITH k AS (SELECT * FROM {k}) UPDATE notification_targets SET seen_seq = ? \
                    WHERE seen_seq < ? AND id IN (SELECT id FROM k)";
        let (targets, marks) = (Rows::single(targets.iter().copied()), [seen.into(), seen.into()]);
        session.execute_keys(mark, &[("id", Ty::Uuid)], &targets, marks).await?;
        session.into_inner().commit().await?;
        Ok(written)
    }

    /// Takes letters that are due for delivery, at most `limit`: nobody else gets them before
    /// `ttl` has passed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn claim_letters(
        &self,
        owner: &str,
        ttl: Duration,
        now: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<Letter>> {
        let free = "state = 'waiting' AND next_at <= ? \
                    AND (claimed_until IS NULL OR claimed_until <= ?)";
        // Whoever waited for a row that another server just claimed looks at it again.
        let sql = format!(
            "UPDATE outbox SET claimed_by = ?, claimed_until = ? WHERE id IN (SELECT id FROM outbox \
             WHERE {free} AND target_id IN (SELECT id FROM notification_targets WHERE enabled) \
             ORDER BY next_at, event_seq LIMIT ?) AND {free} RETURNING id"
        );
        let (until, limit) = ((now + ttl).to_cell(), i64::try_from(limit).unwrap_or(i64::MAX));
        let now = now.to_cell();
        let mut values: Vec<Value> = vec![owner.into(), until];
        values.extend([now.clone(), now.clone(), limit.into(), now.clone(), now]);
        let session = Session::new(self.write.clone());
        let claimed = session.query(&sql, values).await?;
        let ids: Vec<Uuid> = claimed.iter().map(|row| cell(row, 0)).collect::<Result<_>>()?;
        let sql = format!("SELECT {COLUMNS} FROM {{k}} JOIN outbox o ON o.id = k.id {TO}");
        let rows = session.query_keys(&sql, &[("id", Ty::Uuid)], &Rows::single(ids), []).await?;
        let mut letters = rows.iter().map(letter).collect::<Result<Vec<_>>>()?;
        letters.sort_by_key(|letter| letter.event_seq);
        Ok(letters)
    }

    /// Notes how an attempt ended and gives the letter back: delivered without `error`; else to be
    /// tried again at `again`, or never.
    ///
    /// # Errors
    /// What the database says. Of a letter that another server has claimed since nothing is noted.
    pub async fn note_attempt(
        &self,
        id: Uuid,
        owner: &str,
        error: Option<&str>,
        again: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let state = match (error, again) {
            (None, _) => LetterState::Sent,
            (Some(_), Some(_)) => LetterState::Waiting,
            (Some(_), None) => LetterState::Dead,
        };
        let sql = "UPDATE outbox SET state = ?, attempts = attempts + 1, last_error = ?, \
                   sent_at = ?, next_at = ?, updated_at = ?, claimed_by = NULL, \
                   claimed_until = NULL WHERE id = ? AND claimed_by = ?";
        let sent = error.is_none().then_some(now);
        let values = vec![
            state.as_str().into(),
            error.to_cell(),
            sent.to_cell(),
            again.unwrap_or(now).to_cell(),
            now.to_cell(),
            id.into(),
            owner.into(),
        ];
        Session::new(self.write.clone()).execute(sql, values).await.map(drop)
    }

    /// Letters, the newest first, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn letters(&self, filter: &LetterFilter, limit: u64) -> Result<Vec<Letter>> {
        let mut wanted: Vec<(&str, Value)> = Vec::new();
        wanted.extend(filter.state.map(|state| ("o.state = ?", state.as_str().into())));
        wanted.extend(filter.target.as_ref().map(|name| ("t.name = ?", name.as_str().into())));
        wanted.extend(filter.before.map(|id| ("o.id < ?", id.into())));
        let (conditions, mut values): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let only = if conditions.is_empty() { "" } else { " WHERE " };
        let only = format!("{only}{}", conditions.join(" AND "));
        let sql = format!("SELECT {COLUMNS} FROM outbox o {TO}{only} ORDER BY o.id DESC LIMIT ?");
        let rows = Session::new(self.read.clone()).query(&sql, values).await?;
        rows.iter().map(letter).collect()
    }

    /// How many letters of each target wait, and how many are dead.
    ///
    /// # Errors
    /// What the database says.
    pub async fn letter_counts(&self) -> Result<Vec<(Uuid, LetterState, u64)>> {
        let sql = "SELECT target_id, state, COUNT(*) FROM outbox WHERE state <> 'sent' \
                   GROUP BY target_id, state";
        let rows = Session::new(self.read.clone()).query(sql, Vec::new()).await?;
        let read = |row| {
            let state: String = cell(row, 1)?;
            let state = word(LetterState::parse(&state), &state, "outbox.state")?;
            Ok((cell(row, 0)?, state, cell::<i64>(row, 2)?.unsigned_abs()))
        };
        rows.iter().map(read).collect()
    }

    /// Has dead letters delivered after all: one, or all of a target. Gives how many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn replay_letters(
        &self,
        letter: Option<Uuid>,
        target: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let (column, id) = match (letter, target) {
            (Some(id), _) => ("id", id),
            (None, Some(id)) => ("target_id", id),
            (None, None) => return Ok(0),
        };
        let sql = format!(
            "UPDATE outbox SET state = 'waiting', attempts = 0, next_at = ?, updated_at = ? \
             WHERE {column} = ? AND state = 'dead'"
        );
        let values = vec![now.to_cell(), now.to_cell(), id.into()];
        Session::new(self.write.clone()).execute(&sql, values).await
    }

    /// Forgets at most `limit` letters that were delivered before a moment, and gives how many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget_letters(&self, before: DateTime<Utc>, limit: u64) -> Result<u64> {
        let sql = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE updated_at < ? \
                   AND state = 'sent' ORDER BY updated_at LIMIT ?)";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Session::new(self.write.clone()).execute(sql, vec![before.to_cell(), limit.into()]).await
    }
}

fn cells(letter: &NewLetter) -> [Value; 4] {
    [
        Uuid::now_v7().into(),
        letter.target_id.into(),
        letter.event_seq.into(),
        letter.event.to_string().into(),
    ]
}

fn letter(row: &QueryResult) -> Result<Letter> {
    let (event, state): (String, String) = (cell(row, 4)?, cell(row, 5)?);
    Ok(Letter {
        id: cell(row, 0)?,
        target_id: cell(row, 1)?,
        target: cell(row, 2)?,
        event_seq: cell(row, 3)?,
        event: from_json(&event, "outbox.event")?,
        state: word(LetterState::parse(&state), &state, "outbox.state")?,
        attempts: u32::try_from(cell::<i32>(row, 6)?).unwrap_or(0),
        next_at: cell(row, 7)?,
        last_error: cell(row, 8)?,
        sent_at: cell(row, 9)?,
        created_at: cell(row, 10)?,
    })
}
