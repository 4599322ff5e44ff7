//! Work that goes on in the background, and its end: a clean shutdown waits for it, and what takes
//! too long is abandoned in a way that the next run need not clean up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::App;
use crate::error::{AppError, Result};

/// How long what is abandoned may take to put its things away.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What is at work in the background.
#[derive(Debug, Default)]
pub(crate) struct Work {
    tasks: TaskTracker,
    ending: AtomicBool,
    stop: CancellationToken,
}

impl Work {
    /// Told when what is still at work is to be abandoned.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        self.stop.clone().cancelled_owned()
    }
}

impl App {
    /// Does something to its end, also when whoever asked for it no longer waits for it: a page that
    /// is closed must not leave a run in the middle.
    ///
    /// # Errors
    /// [`AppError::Closing`] once the program ends; what the work says.
    pub async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        if self.work.ending.load(Ordering::Acquire) {
            return Err(AppError::Closing);
        }
        let done = self.work.tasks.spawn(work).await;
        done.unwrap_or(Err(AppError::Closing))
    }

    /// Goes on with something that nobody waits for.
    pub(crate) fn in_background(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.work.tasks.spawn(work));
    }

    /// Takes no new work, and waits for what is at work; after this time it is abandoned: its
    /// transaction is taken back, its run says so, and its source is free.
    pub async fn wind_down(&self, patience: Duration) {
        self.work.ending.store(true, Ordering::Release);
        self.work.tasks.close();
        if tokio::time::timeout(patience, self.work.tasks.wait()).await.is_ok() {
            return;
        }
        tracing::warn!(at_work = self.work.tasks.len(), "what is still at work is abandoned");
        self.work.stop.cancel();
        // What does not even end now ends with the process; its leases are found ownerless.
        let _ = tokio::time::timeout(LAST_WORDS, self.work.tasks.wait()).await;
    }
}
