//! Hands on observations and what could not be read, and counts both.

use shelfread_backends_http::{Output, Tally};
use shelfread_domain::port::{ItemFailure, Listed};
use shelfread_domain::{Coverage, Observation, RemoteId};

use crate::Arr;
use crate::api::Bad;
use crate::remote::Remote;

/// Observations per page.
const PAGE: usize = 500;

/// One listing on its way.
pub struct Reader<'a> {
    pub arr: &'a Arr,
    pub out: Output,
    pub tally: Tally,
}

impl Reader<'_> {
    /// Says how many items there are.
    pub async fn expect(&mut self, expected: Option<u64>) {
        self.tally = Tally::new(expected);
        if let Some(expected) = expected {
            self.out.send(Listed::Expected(expected)).await;
        }
    }

    /// Hands on observations within their bounds, each once.
    pub async fn pages(&mut self, observations: Vec<Observation>) {
        let mut fit = Vec::with_capacity(observations.len());
        for o in observations {
            let (label, id) = (o.label(), o.remote_id.clone());
            match o.normalize() {
                Ok(o) if self.tally.count_once(&o.remote_id) => fit.push(o),
                Ok(_) => {}
                Err(e) => self.fail(label, Some(id), e.to_string()).await,
            }
        }
        self.out.pages(fit, PAGE).await;
    }

    /// Hands on that an object of a list could not be read. `remote` makes its remote id.
    pub async fn bad(&mut self, bad: Bad, remote: impl FnOnce(i64) -> Remote) {
        let remote_id = bad.id.map(|id| remote(id).id());
        let label = bad.title.or_else(|| remote_id.as_ref().map(ToString::to_string));
        self.fail(label.unwrap_or_else(|| "an item".to_owned()), remote_id, bad.message).await;
    }

    /// Hands on that an item could not be read.
    pub async fn fail(&mut self, label: String, remote_id: Option<RemoteId>, message: String) {
        match &remote_id {
            Some(id) => drop(self.tally.count(id)),
            None => self.tally.unreadable(),
        }
        self.out.send(Listed::Failed(ItemFailure { label, remote_id, message })).await;
    }

    /// The certificate of a listing that was never meant to be whole.
    pub fn partial(self, reason: &str) -> Coverage {
        Coverage::partial(None, self.tally.received(), reason)
    }
}
