//! Targets: who is told of what.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;
use shelfread_domain::notify::{Notice, TargetKind};
use shelfread_domain::port::SourceError;
use shelfread_store::{Letter, LetterFilter, LetterState, ManagedBy, TargetRow};
use utoipa::ToSchema;
use uuid::Uuid;

use super::DEFAULT_EVENTS;
use crate::App;
use crate::error::{AppError, Result};

/// A target as people see it. Its url and secret are never shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct TargetView {
    /// Its name.
    pub name: String,
    /// `webhook`, `ntfy`, `discord`, `gotify` or `apprise`.
    pub kind: TargetKind,
    /// Scheme, host and port of its url.
    pub address: String,
    /// Whether it has a token, or a key of signatures.
    pub has_secret: bool,
    /// The kinds of events that it is told of; `download` means all that begin with `download.`,
    /// and `*` all there are.
    pub events: Vec<String>,
    /// Whether it is told.
    pub enabled: bool,
    /// `file` or `person`.
    pub managed_by: &'static str,
    /// How much it is still to be told.
    pub waiting: u64,
    /// How much it could not be told; a person may have it told again.
    pub dead: u64,
    /// What is wrong with it, as far as is known.
    pub problem: Option<String>,
}

/// A target that is added or changed. `None` leaves what there is.
#[derive(Clone, Debug)]
pub struct SaveTarget {
    /// Its name.
    pub name: String,
    /// Needed for a new one.
    pub kind: Option<TargetKind>,
    /// Needed for a new one.
    pub url: Option<SecretString>,
    /// A token, or the key of signatures.
    pub secret: Option<SecretString>,
    /// The kinds of events; for a new one [`DEFAULT_EVENTS`] unless given.
    pub events: Option<Vec<String>>,
    /// Whether it is told.
    pub enabled: Option<bool>,
    /// Who decides about it.
    pub managed_by: ManagedBy,
}

impl SaveTarget {
    /// A person changes nothing yet of the target of this name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: None,
            url: None,
            secret: None,
            events: None,
            enabled: None,
            managed_by: ManagedBy::Person,
        }
    }
}

impl App {
    /// All targets by name, with how much waits for each.
    ///
    /// # Errors
    /// What the database says.
    pub async fn targets(&self) -> Result<Vec<TargetView>> {
        let counts = self.store.letter_counts().await?;
        let of = |id: Uuid, state| {
            let found = counts.iter().find(|(target, of, _)| *target == id && *of == state);
            found.map_or(0, |(_, _, count)| *count)
        };
        let rows = self.store.targets().await?;
        Ok(rows
            .into_iter()
            .map(|row| TargetView {
                waiting: of(row.id, LetterState::Waiting),
                dead: of(row.id, LetterState::Dead),
                has_secret: row.secret.is_some(),
                managed_by: row.managed_by.as_str(),
                name: row.name,
                kind: row.kind,
                address: row.address,
                events: row.events,
                enabled: row.enabled,
                problem: row.secret_problem,
            })
            .collect())
    }

    /// Adds or changes a target. Makes no request. A new one is told of what happens from now on.
    ///
    /// # Errors
    /// When it cannot work as it is; what the database says.
    pub fn save_target(&self, change: SaveTarget) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let known = self.store.targets().await?.into_iter().find(|row| row.name == change.name);
            let row = self.changed_target(known.as_ref(), change)?;
            self.notifiers.open(&row).map_err(|error| misfit(&row.name, &error))?;
            self.store.put_target(&row, self.clock.now()).await?;
            Ok(())
        })
    }

    fn changed_target(&self, old: Option<&TargetRow>, change: SaveTarget) -> Result<TargetRow> {
        let needs = |what: &str| AppError::Usage(format!("'{}' needs a {what}", change.name));
        if change.name.trim().is_empty() || change.name.contains('/') {
            return Err(AppError::Usage("a target needs a name without `/`".to_owned()));
        }
        let kind = change.kind.or(old.map(|row| row.kind)).ok_or_else(|| needs("kind"))?;
        let url = change.url.clone().or_else(|| old.and_then(|row| row.url.clone()));
        let url = url.ok_or_else(|| needs("url"))?;
        let defaults = || DEFAULT_EVENTS.map(str::to_owned).to_vec();
        let events = change.events.clone().or_else(|| old.map(|row| row.events.clone()));
        let events = events.unwrap_or_else(defaults);
        if let Some(odd) = events.iter().find(|kind| !is_pattern(kind)) {
            return Err(AppError::Usage(format!(
                "'{odd}' is no kind of events; write run.held, download or *"
            )));
        }
        let address = self.notifiers.address(&url).map_err(|e| misfit(&change.name, &e))?;
        // The file says everything; a person only what changes.
        let kept = old.filter(|_| change.managed_by == ManagedBy::Person);
        Ok(TargetRow {
            id: old.map_or_else(Uuid::now_v7, |row| row.id),
            kind,
            address,
            url: Some(url),
            secret: change.secret.clone().or_else(|| kept.and_then(|row| row.secret.clone())),
            secret_problem: None,
            events,
            enabled: change.enabled.or(old.map(|row| row.enabled)).unwrap_or(true),
            managed_by: change.managed_by,
            seen_seq: 0,
            name: change.name,
        })
    }

    /// Forgets a target, with all that it was still to be told.
    ///
    /// # Errors
    /// When there is none of this name; what the database says.
    pub async fn remove_target(&self, name: &str) -> Result<()> {
        match self.store.remove_target(name).await? {
            true => Ok(()),
            false => Err(AppError::not_found("notification", name)),
        }
    }

    /// Tells a target at once that this is a test, and waits for its answer.
    ///
    /// # Errors
    /// When there is none of this name, or it does not take it; what the database says.
    pub fn test_target<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let row = self.target(name).await?;
            let failed = |error: SourceError| AppError::Source { name: name.to_owned(), error };
            let now = self.clock.now();
            let notifier = self.notifiers.open(&row).map_err(failed)?;
            notifier.tell(&test(name, now), now).await.map_err(failed)
        })
    }

    /// Letters, the newest first, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn letters(&self, filter: &LetterFilter, limit: u64) -> Result<Vec<Letter>> {
        Ok(self.store.letters(filter, limit).await?)
    }

    /// Has a dead letter delivered after all.
    ///
    /// # Errors
    /// When there is no such dead letter; what the database says.
    pub async fn replay_letter(&self, id: Uuid) -> Result<()> {
        match self.store.replay_letters(Some(id), None, self.clock.now()).await? {
            0 => Err(AppError::not_found("dead letter", id.to_string())),
            _ => Ok(()),
        }
    }

    /// Has all dead letters of a target delivered after all, and gives how many.
    ///
    /// # Errors
    /// When there is no target of this name; what the database says.
    pub async fn replay_target(&self, name: &str) -> Result<u64> {
        let row = self.target(name).await?;
        Ok(self.store.replay_letters(None, Some(row.id), self.clock.now()).await?)
    }

    /// One target.
    ///
    /// # Errors
    /// When there is none of this name; what the database says.
    pub async fn target_view(&self, name: &str) -> Result<TargetView> {
        let found = self.targets().await?.into_iter().find(|target| target.name == name);
        found.ok_or_else(|| AppError::not_found("notification", name))
    }

    async fn target(&self, name: &str) -> Result<TargetRow> {
        let found = self.store.targets().await?.into_iter().find(|row| row.name == name);
        found.ok_or_else(|| AppError::not_found("notification", name))
    }
}

fn misfit(name: &str, error: &SourceError) -> AppError {
    AppError::Usage(format!("'{name}': {error}"))
}

/// `run.held`, `download` or `*`.
fn is_pattern(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    text == "*" || (text.split('.').count() <= 2 && text.split('.').all(is_word))
}

/// Whether somebody who wants these kinds of events wants this one.
pub(super) fn wants(patterns: &[String], kind: &str) -> bool {
    let subject = kind.split('.').next().unwrap_or(kind);
    patterns.iter().any(|pattern| pattern == "*" || pattern == kind || pattern == subject)
}

fn test(name: &str, now: DateTime<Utc>) -> Notice {
    Notice {
        seq: 0,
        at: now,
        kind: "notification.test".to_owned(),
        severity: "info".to_owned(),
        title: "Shelfread: a test".to_owned(),
        text: format!("What is configured as '{name}' works."),
        data: json!({ "kind": "notification.test", "at": now, "data": { "target": name } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_what_they_say() {
        let fits = |pattern: &str, kind| wants(&[pattern.to_owned()], kind);
        assert!(fits("run.held", "run.held") && !fits("run.held", "run.finished"));
        assert!(fits("download", "download.completed") && !fits("down", "download.completed"));
        assert!(fits("*", "play_state.failed"));
        assert!(!wants(&[], "run.held"));
        for (text, fits) in [
            ("run.held", true),
            ("*", true),
            ("play_state", true),
            ("", false),
            ("a.b.c", false),
            ("Run.Held", false),
            ("run.*", false),
            ("run held", false),
        ] {
            assert_eq!(is_pattern(text), fits, "{text}");
        }
    }
}
