//! Faults around any [`MediaSource`]: each is a value, and several may be put on one source.
//!
//! They act on the port, whatever the adapter behind it. Faults on the wire are the simulator's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, future};
use shelfread_domain::port::{
    Listed, MediaSource, RemoteLibrary, RemovalEffect, RemoveMedia, Scope, ServerIdentity,
    SourceError, WritePlayState,
};
use shelfread_domain::{Coverage, PlayState, RemoteId, SourceKind};
use tokio::sync::Semaphore;

/// What goes wrong with a source.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nobody, or the wrong one, answers to [`MediaSource::identify`].
    Identify(SourceError),
    /// The libraries cannot be read.
    Libraries(SourceError),
    /// A listing breaks off with this error after so many pages.
    FailAfter(usize, SourceError),
    /// A listing just ends after so many pages, without a certificate.
    EndAfter(usize),
    /// Pages after the first so many are lost, and the certificate says that the rest is all.
    LieAfter(usize),
    /// The certificate says that something is uncertain.
    Partial(String),
    /// Each step takes so long.
    Slow(Duration),
    /// Each step waits until the test lets it pass.
    Gate(Gate),
}

/// A gate before each step of a listing. Closed at first.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Gate {
    /// Lets so many steps pass.
    pub fn pass(&self, steps: usize) {
        self.0.add_permits(steps);
    }

    /// Lets everything pass from now on.
    pub fn open(&self) {
        self.0.close();
    }

    pub(crate) async fn wait(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

/// A source with faults.
#[derive(Debug)]
pub struct Faulty<S> {
    inner: S,
    faults: Mutex<Vec<Fault>>,
}

impl<S: MediaSource> Faulty<S> {
    /// The source without faults yet.
    pub fn new(inner: S) -> Self {
        Self { inner, faults: Mutex::default() }
    }

    /// Puts these faults in the place of those that were there. The first one acts nearest to the
    /// source.
    pub fn set(&self, faults: impl IntoIterator<Item = Fault>) {
        *self.lock() = faults.into_iter().collect();
    }

    /// The source behind the faults.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, pick: impl Fn(&Fault) -> Option<&SourceError>) -> Result<(), SourceError> {
        self.lock().iter().find_map(pick).cloned().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl<S: MediaSource> MediaSource for Faulty<S> {
    fn kind(&self) -> SourceKind {
        self.inner.kind()
    }

    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        self.error(|f| if let Fault::Identify(e) = f { Some(e) } else { None })?;
        self.inner.identify().await
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        self.error(|f| if let Fault::Libraries(e) = f { Some(e) } else { None })?;
        self.inner.libraries().await
    }

    fn list<'a>(
        &'a self,
        library: &'a RemoteLibrary,
        scope: Scope,
    ) -> BoxStream<'a, Result<Listed, SourceError>> {
        let faults = self.lock().clone();
        faults.into_iter().fold(self.inner.list(library, scope), |steps, fault| fault.around(steps))
    }
}

#[async_trait]
impl<S: MediaSource + RemoveMedia> RemoveMedia for Faulty<S> {
    async fn effect(&self, id: &RemoteId) -> Result<RemovalEffect, SourceError> {
        self.inner.effect(id).await
    }

    async fn remove(&self, id: &RemoteId) -> Result<bool, SourceError> {
        self.inner.remove(id).await
    }
}

#[async_trait]
impl<S: MediaSource + WritePlayState> WritePlayState for Faulty<S> {
    async fn write_play_state(&self, id: &RemoteId, state: PlayState) -> Result<(), SourceError> {
        self.inner.write_play_state(id, state).await
    }
}

type Steps<'a> = BoxStream<'a, Result<Listed, SourceError>>;

impl Fault {
    fn around(self, steps: Steps<'_>) -> Steps<'_> {
        match self {
            Self::Identify(_) | Self::Libraries(_) => steps,
            Self::FailAfter(pages, error) => {
                first(steps, pages).chain(stream::iter([Err(error)])).boxed()
            }
            Self::EndAfter(pages) => first(steps, pages),
            Self::LieAfter(pages) => lie(steps, pages),
            Self::Partial(reason) => steps.map(move |step| uncertain(step, &reason)).boxed(),
            Self::Slow(pause) => steps.then(move |step| after(pause, step)).boxed(),
            Self::Gate(gate) => steps
                .then(move |step| {
                    let gate = gate.clone();
                    async move {
                        gate.wait().await;
                        step
                    }
                })
                .boxed(),
        }
    }
}

async fn after<T>(pause: Duration, value: T) -> T {
    tokio::time::sleep(pause).await;
    value
}

/// The steps up to the page after `pages`, or up to the end.
fn first(steps: Steps<'_>, pages: usize) -> Steps<'_> {
    let mut seen = 0;
    let goes_on = move |step: &Result<Listed, SourceError>| {
        seen += usize::from(matches!(step, Ok(Listed::Page(_))));
        future::ready(seen <= pages && !matches!(step, Ok(Listed::End(_))))
    };
    steps.take_while(goes_on).boxed()
}

/// The observations of the later pages are lost, and nobody says so.
fn lie(steps: Steps<'_>, pages: usize) -> Steps<'_> {
    let (mut seen, mut received) = (0, 0);
    let lied = move |step| {
        let step = match step {
            Ok(Listed::Page(page)) => {
                seen += 1;
                (seen <= pages).then(|| {
                    received += page.len() as u64;
                    Ok(Listed::Page(page))
                })
            }
            Ok(Listed::Expected(_)) => None,
            Ok(Listed::End(_)) => Some(Ok(Listed::End(Coverage::complete(None, received)))),
            step => Some(step),
        };
        future::ready(step)
    };
    steps.filter_map(lied).boxed()
}

fn uncertain(step: Result<Listed, SourceError>, reason: &str) -> Result<Listed, SourceError> {
    match step {
        Ok(Listed::End(c)) => Ok(Listed::End(Coverage::partial(c.expected, c.received, reason))),
        step => step,
    }
}
