//! Hints: what a message from a server suggests to look at.
//!
//! A hint is never a fact. It names what is worth a look, and the look reads the source itself, so
//! that a message which is false, late, doubled or lost makes no difference in the end. Adapters
//! read the messages of their own servers into hints, as pure functions from bytes.

use crate::id::RemoteId;
use crate::item::ItemKind;

/// What is worth a look.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Hint {
    /// This object was added or changed, or its play state was.
    Object(Named),
    /// Something changed, and the message does not say what.
    Changed,
    /// Something was removed. Only a complete listing can prove that.
    Gone,
    /// Download clients were given work, or finished some.
    Transfers,
}

/// An object of a source as a message names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Named {
    /// The source's id of it, in the form that its listings have.
    pub id: RemoteId,
    /// What it is, when the message says so.
    pub kind: Option<ItemKind>,
    /// The show that it belongs to, when the message says so.
    pub show: Option<RemoteId>,
}

impl Hint {
    /// An object of which nothing is known but its id.
    pub fn object(id: impl Into<RemoteId>) -> Self {
        Self::Object(Named { id: id.into(), kind: None, show: None })
    }
}

/// A message that is not what the server's messages look like.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the message could not be read: {0}")]
pub struct Unreadable(pub String);
