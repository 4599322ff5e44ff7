//! How things are right now, in numbers: for whoever watches from outside.

use crate::App;
use crate::error::Result;

/// How things are right now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Vitals {
    /// The enabled sources by name, and whether each answered when it was last asked.
    pub sources: Vec<(String, bool)>,
    /// The enabled download clients by name, and whether each answers.
    pub clients: Vec<(String, bool)>,
    /// How many downloads each client has in each state.
    pub queue: Vec<(String, String, u64)>,
    /// How many removals wait for a person.
    pub held: u64,
}

impl App {
    /// How things are right now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn vitals(&self) -> Result<Vitals> {
        let sources = self.store.sources().await?.into_iter().filter(|s| s.enabled);
        let clients = self.store.clients().await?.into_iter().filter(|c| c.enabled);
        Ok(Vitals {
            sources: sources.map(|s| (s.name, s.last_error.is_none())).collect(),
            clients: clients.map(|c| (c.name, c.away.is_none())).collect(),
            queue: self.store.queue_totals().await?,
            held: self.store.count_pending_holds().await?,
        })
    }
}
