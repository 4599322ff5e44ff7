//! Who may use the server: users with passwords, sessions of browsers, tokens of programs.
//!
//! 1. A password is hashed with argon2id, a few at a time: each takes memory and a processor on
//!    purpose, and many at once must not take them all.
//! 2. Sessions and tokens are 256 random bits, of which the database has SHA-256 only. They need
//!    no slow hash, because nobody can guess them.
//! 3. Whoever asks with a name that is not there waits as long as with one that is.
//! 4. When something was last used is written at most once a minute, and nobody waits for it.
//!
//! It knows no HTTP, no cookie and no address: the web says what was shown, this says who it is.

mod password;
mod secret;
mod sessions;
mod setup;
mod tokens;
mod users;

pub use secret::Key;
pub use sessions::NewSession;
pub use setup::SetupCode;
pub use shelfread_store::access::{Role, Scope, TokenRow, UserRow};
pub use tokens::{NewToken, TokenView};
pub use users::UserView;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Passwords that are hashed at the same time; each takes 19 MiB.
const HASHED_AT_ONCE: usize = 2;
/// How exactly it is known when something was last used.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The user; `None` for a token that belongs to nobody.
    pub user_id: Option<Uuid>,
    /// The name of the user, or of the token that belongs to nobody.
    pub name: String,
    /// How much is allowed.
    pub scope: Scope,
    /// How that is known.
    pub via: Via,
}

/// How it is known who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// A session of this id.
    Session(Uuid),
    /// A token of this id.
    Token(Uuid),
    /// A proxy says so.
    Proxy,
}

impl Identity {
    /// How a user is known in some way.
    fn user(user: UserRow, via: Via) -> Self {
        Self { user_id: Some(user.id), name: user.name, scope: allowed(user.role), via }
    }

    /// Whether everything is allowed.
    pub fn is_admin(&self) -> bool {
        self.scope == Scope::Admin
    }
}

/// The most that a role allows.
const fn allowed(role: Role) -> Scope {
    match role {
        Role::Reader => Scope::Read,
        Role::Admin => Scope::Admin,
    }
}

/// What is shared by all that check who asks.
#[derive(Debug)]
pub(crate) struct Access {
    hashing: Semaphore,
    /// When what was last used, as far as it was written.
    touched: Mutex<HashMap<Uuid, DateTime<Utc>>>,
}

impl Default for Access {
    fn default() -> Self {
        Self { hashing: Semaphore::new(HASHED_AT_ONCE), touched: Mutex::default() }
    }
}

impl Access {
    /// Whether it is time to write down that something is used.
    fn is_due(&self, id: Uuid, written: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let fresh = |at: DateTime<Utc>| now - at < TOUCH_EVERY;
        if written.is_some_and(fresh) {
            return false;
        }
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        if touched.get(&id).copied().is_some_and(fresh) {
            return false;
        }
        touched.retain(|_, at| fresh(*at));
        touched.insert(id, now);
        true
    }
}
