//! Everything that a source says, read once.

use std::collections::BTreeSet;

use futures::StreamExt;
use shelfread_domain::port::{
    Listed, MediaSource, RemoteLibrary, Scope, ServerIdentity, SourceError,
};
use shelfread_domain::{Coverage, Observation};

use super::PATIENCE;
use crate::fixtures::{self, Step};

/// Everything that a source said.
pub(crate) struct Reading {
    pub identity: Result<ServerIdentity, SourceError>,
    pub libraries: Result<Vec<RemoteLibrary>, SourceError>,
    listings: Vec<Listing>,
    /// How many requests that took, where it was counted.
    pub requests: usize,
    /// Everything in words, to look for what must not be in it.
    pub words: String,
}

/// What was listed of one library.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Sorted; servers may answer in any order.
    pub observations: Vec<Observation>,
    pub failed: usize,
    pub end: Option<Coverage>,
    pub error: Option<SourceError>,
    /// Whether the steps keep the contract.
    pub contract: Result<(), String>,
}

impl Listing {
    /// Whether it claims to be everything.
    pub fn is_complete(&self) -> bool {
        self.error.is_none() && self.end.as_ref().is_some_and(|c| c.complete)
    }

    /// How many remote objects were observed.
    pub fn objects(&self) -> usize {
        self.observations.iter().map(|o| &o.remote_id).collect::<BTreeSet<_>>().len()
    }

    fn of(steps: &[Step], is_whole: bool) -> Self {
        let contract = if is_whole { fixtures::check(steps) } else { Ok(()) };
        let mut listing =
            Self { observations: Vec::new(), failed: 0, end: None, error: None, contract };
        for step in steps {
            match step {
                Ok(Listed::Page(page)) => listing.observations.extend_from_slice(page),
                Ok(Listed::Failed(_)) => listing.failed += 1,
                Ok(Listed::End(coverage)) => listing.end = Some(coverage.clone()),
                Ok(Listed::Expected(_)) => {}
                Err(error) => listing.error = Some(error.clone()),
            }
        }
        listing.observations.sort_by(|a, b| (&a.remote_id, a.part).cmp(&(&b.remote_id, b.part)));
        listing
    }
}

impl Reading {
    /// The libraries with what was listed of them.
    pub fn listings(&self) -> impl Iterator<Item = (&RemoteLibrary, &Listing)> {
        self.libraries.iter().flatten().zip(&self.listings)
    }
}

/// Reads who answers, all libraries, and all that they list.
pub(crate) async fn read(source: &dyn MediaSource) -> Reading {
    let identity = patiently("identify", source.identify()).await;
    let libraries = patiently("libraries", source.libraries()).await;
    let mut listings = Vec::new();
    for library in libraries.iter().flatten() {
        listings.push(list(source, library, Scope::Full).await);
    }
    let errors = listings.iter().map(|l| (&l.error, &l.end)).collect::<Vec<_>>();
    let shown = identity.as_ref().map_or_else(ToString::to_string, |i| format!("{i:?}"));
    let words = format!("{source:?} {identity:?} {shown} {libraries:?} {errors:?}");
    Reading { identity, libraries, listings, requests: 0, words }
}

/// Reads what a library lists.
pub(crate) async fn list(
    source: &dyn MediaSource,
    library: &RemoteLibrary,
    scope: Scope,
) -> Listing {
    let is_whole = scope == Scope::Full;
    let steps: Vec<Step> = patiently("list", source.list(library, scope).collect()).await;
    Listing::of(&steps, is_whole)
}

async fn patiently<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.unwrap_or_else(|_| panic!("{what} did not end within {PATIENCE:?}"))
}
