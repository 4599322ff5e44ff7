//! Targets of notifications in memory. One whose address has `deaf` in it takes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use shelfread_app::notify::NotifierFactory;
use shelfread_domain::notify::{Notice, Notifier};
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::TargetRow;

pub struct Phones;

#[derive(Debug)]
struct Phone {
    hears: bool,
}

fn problem(problem: Problem) -> SourceError {
    SourceError::new("telling a target", problem)
}

impl NotifierFactory for Phones {
    fn address(&self, url: &SecretString) -> Result<String, SourceError> {
        let url = reqwest::Url::parse(url.expose_secret());
        let url = url.map_err(|e| problem(Problem::Configuration(e.to_string())))?;
        match url.scheme() {
            "http" | "https" => Ok(url.origin().ascii_serialization()),
            other => Err(problem(Problem::Configuration(format!("{other} is not spoken")))),
        }
    }

    fn open(&self, target: &TargetRow) -> Result<Arc<dyn Notifier>, SourceError> {
        Ok(Arc::new(Phone { hears: !target.address.contains("deaf") }))
    }
}

#[async_trait]
impl Notifier for Phone {
    async fn tell(&self, _: &Notice, _: DateTime<Utc>) -> Result<(), SourceError> {
        if self.hears { Ok(()) } else { Err(problem(Problem::Timeout(1))) }
    }
}
