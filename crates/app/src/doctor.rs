//! Doctor: the promises checked on the database, and every connection.

use serde::Serialize;
use shelfread_store::Finding;

use crate::App;
use crate::error::Result;

/// What the doctor found.
#[derive(Clone, Debug, Serialize)]
pub struct Examination {
    /// What is wrong with the database; nothing, as a rule.
    pub findings: Vec<Finding>,
    /// How the sources answer; empty when they were not asked.
    pub connections: Vec<Connection>,
}

/// How a source answers.
#[derive(Clone, Debug, Serialize)]
pub struct Connection {
    /// Its name.
    pub source: String,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

impl App {
    /// Examines the database, and the connections unless that is not wanted.
    ///
    /// # Errors
    /// Only when the database cannot be read at all.
    pub async fn doctor(&self, connections: bool) -> Result<Examination> {
        let findings = self.store.doctor(self.clock.now()).await?;
        let mut asked = Vec::new();
        if connections {
            for source in self.store.sources().await?.into_iter().filter(|s| s.enabled) {
                let problem = self.test_source(&source.name).await.err().map(|e| e.advice());
                asked.push(Connection { source: source.name, problem });
            }
        }
        Ok(Examination { findings, connections: asked })
    }
}
