//! Who may fetch a poster now, and which ones could not be had lately. Kept in memory: after a
//! restart everything is tried once more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Failures that are remembered; beyond them the oldest knowledge is given up.
const MOST_FAILURES: usize = 10_000;

/// One at a time for each key.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<String, Arc<AsyncMutex<()>>>>);

impl Turns {
    /// Waits until nobody else has the turn of this key.
    pub async fn take(&self, key: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = lock(&self.0);
            // Whoever has or awaits a turn holds it too.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(key.to_owned()).or_default())
        };
        turn.lock_owned().await
    }
}

/// What could not be had, and until when it is not tried again.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<String, DateTime<Utc>>>);

impl Failures {
    pub fn has(&self, key: &str, now: DateTime<Utc>) -> bool {
        lock(&self.0).get(key).is_some_and(|until| *until > now)
    }

    pub fn note(&self, key: String, until: DateTime<Utc>, now: DateTime<Utc>) {
        let mut failures = lock(&self.0);
        if failures.len() >= MOST_FAILURES {
            failures.retain(|_, until| *until > now);
        }
        if failures.len() >= MOST_FAILURES {
            failures.clear();
        }
        failures.insert(key, until);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
