//! Wiring of notifications: what tells targets, and the declared ones brought into the database.

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::SecretString;
use shelfread_app::App;
use shelfread_app::notify::{NotifierFactory, SaveTarget};
use shelfread_backends_notify::{NotifyConfig, address, connect};
use shelfread_domain::notify::Notifier;
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::{ManagedBy, TargetRow};

use super::Adapters;
use crate::config::Config;
use crate::session::Failure;

impl NotifierFactory for Adapters {
    fn address(&self, url: &SecretString) -> Result<String, SourceError> {
        address(url)
    }

    fn open(&self, target: &TargetRow) -> Result<Arc<dyn Notifier>, SourceError> {
        let missing = || {
            let problem = target.secret_problem.as_deref().unwrap_or("it needs a url");
            let problem = Problem::Configuration(problem.to_owned());
            SourceError::new("setting up a notification", problem)
        };
        let url = target.url.clone().ok_or_else(missing)?;
        let config = NotifyConfig::new(target.kind, url, target.secret.clone());
        Ok(Arc::new(connect(config)?))
    }
}

/// Brings the declared targets into the database. One that is no longer declared is kept,
/// disabled, with what it was still to be told: only a person forgets a target.
pub async fn declare(app: &App, config: &Config) -> Result<(), Failure> {
    let names: BTreeSet<_> = config.targets.iter().map(|t| t.name.as_str()).collect();
    for target in &config.targets {
        app.save_target(SaveTarget {
            kind: Some(target.kind),
            url: Some(target.url.clone()),
            secret: target.secret.clone(),
            events: Some(target.events.clone()),
            enabled: Some(target.enabled),
            managed_by: ManagedBy::File,
            ..SaveTarget::named(&target.name)
        })
        .await?;
    }
    for known in app.targets().await? {
        if known.managed_by == ManagedBy::File.as_str() && !names.contains(known.name.as_str()) {
            tracing::warn!(notification = known.name, "no longer declared; it is kept, disabled");
            let off = SaveTarget { enabled: Some(false), ..SaveTarget::named(&known.name) };
            app.save_target(off).await?;
        }
    }
    Ok(())
}
