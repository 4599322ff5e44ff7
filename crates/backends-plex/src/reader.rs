//! Reads items into observations and hands them on, once each, with what could not be read.

use shelfread_backends_http::{Output, Tally};
use shelfread_domain::port::{ItemFailure, Listed};
use shelfread_domain::{Coverage, ItemKind, Observation, RemoteId};

use crate::Plex;
use crate::api::{Bad, Items};
use crate::convert::observation;
use crate::wire::{Metadata, Section};

/// One listing on its way.
pub struct Reader<'a> {
    pub plex: &'a Plex,
    pub section: &'a Section,
    pub out: Output,
    pub tally: Tally,
}

impl Reader<'_> {
    /// The items as observations. Failures are handed on, items of another library left out.
    /// `asked` is the kind that was asked for.
    pub async fn read(&mut self, asked: Option<ItemKind>, items: Items) -> Vec<Observation> {
        let mut observations = Vec::with_capacity(items.items.len());
        for item in items.items {
            if item.as_ref().is_ok_and(|item| self.is_elsewhere(item)) {
                continue;
            }
            match self.observation(asked, item) {
                Ok(o) => observations.push(o),
                Err(failure) => self.fail(failure).await,
            }
        }
        observations
    }

    /// Hands on that an item could not be read.
    pub async fn fail(&mut self, failure: ItemFailure) {
        match &failure.remote_id {
            Some(id) => drop(self.tally.count_once(id)),
            None => self.tally.unreadable(),
        }
        self.out.send(Listed::Failed(failure)).await;
    }

    /// Hands on observations, without those that came before.
    pub async fn page(&mut self, mut observations: Vec<Observation>) {
        observations.retain(|o| self.tally.count_once(&o.remote_id));
        self.out.send(Listed::Page(observations)).await;
    }

    /// The certificate of a listing that was never meant to be whole.
    pub fn partial(self, reason: &str) -> Coverage {
        Coverage::partial(None, self.tally.received(), reason)
    }

    fn is_elsewhere(&self, item: &Metadata) -> bool {
        item.section.is_some() && item.section != self.section.key
    }

    fn observation(
        &self,
        asked: Option<ItemKind>,
        item: Result<Metadata, Bad>,
    ) -> Result<Observation, ItemFailure> {
        let failure = |key: Option<String>, title: Option<String>, message| ItemFailure {
            label: title.or_else(|| key.clone()).unwrap_or_else(|| "an item".to_owned()),
            remote_id: key.map(RemoteId),
            message,
        };
        let item = item.map_err(|bad| failure(bad.key, bad.title, bad.message))?;
        let (key, title) = (item.rating_key.clone(), item.title.clone());
        observation(item, asked, &self.plex.paths)
            .map_err(|unfit| failure(key, title, unfit.to_string()))
    }
}
