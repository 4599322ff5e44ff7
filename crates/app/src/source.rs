//! Where adapters come in.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use shelfread_domain::download::TransferId;
use shelfread_domain::hint::{Hint, Unreadable};
use shelfread_domain::port::{FetchPoster, MediaSource, RemoveMedia, SourceError, WritePlayState};
use shelfread_domain::{ExternalId, ItemKind, RemoteId};
use shelfread_store::SourceRow;

/// An adapter with what it can do. What it cannot do is absent, not an error at run time.
#[derive(Clone)]
pub struct OpenSource {
    /// Lists media.
    pub media: Arc<dyn MediaSource>,
    /// Removes an object at a person's word.
    pub remove: Option<Arc<dyn RemoveMedia>>,
    /// Takes a play state.
    pub write_play_state: Option<Arc<dyn WritePlayState>>,
    /// Knows what it has download clients fetch.
    pub queue: Option<Arc<dyn TransferQueue>>,
    /// Hands out the posters that it names.
    pub posters: Option<Arc<dyn FetchPoster>>,
}

/// A transfer that a library manager waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waited {
    /// The download client's own id.
    pub transfer: TransferId,
    /// What it is for, in the remote ids of the source.
    pub items: Vec<RemoteId>,
}

/// A source that waits for transfers of download clients.
#[async_trait]
pub trait TransferQueue: Send + Sync {
    /// Everything that it waits for.
    async fn queue(&self) -> Result<Vec<Waited>, SourceError>;
}

impl OpenSource {
    /// An adapter that only lists.
    pub fn read_only(media: Arc<dyn MediaSource>) -> Self {
        Self { media, remove: None, write_play_state: None, queue: None, posters: None }
    }
}

impl fmt::Debug for OpenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSource").field("media", &self.media).finish_non_exhaustive()
    }
}

/// Makes the adapter of a source from its row. Makes no request.
pub trait SourceFactory: Send + Sync {
    /// The adapter.
    ///
    /// # Errors
    /// When the row cannot work: no address, no token, a kind that this program does not know.
    fn open(&self, source: &SourceRow) -> Result<OpenSource, SourceError>;

    /// What a message of the source's webhooks hints at.
    ///
    /// # Errors
    /// When it is none that this kind of source sends.
    fn read_hook(&self, source: &SourceRow, _message: &[u8]) -> Result<Vec<Hint>, Unreadable> {
        Err(Unreadable(format!("a {} sends none", source.kind)))
    }

    /// The address of an object in the source's own web interface; `None` when it has none or its
    /// address is not known yet. Holds no secret.
    fn web_url(&self, _source: &SourceRow, _object: &WebObject<'_>) -> Option<String> {
        None
    }
}

/// What to find in a source's own web interface.
#[derive(Clone, Copy, Debug)]
pub struct WebObject<'a> {
    /// What it is.
    pub kind: ItemKind,
    /// The source's id for it.
    pub remote_id: &'a RemoteId,
    /// The external ids of the movie or show that it is or belongs to.
    pub external_ids: &'a [ExternalId],
    /// The name by which the source's own web interface knows that movie or show.
    pub slug: Option<&'a str>,
}
