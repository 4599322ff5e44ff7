//! Notifications: where people are told what happened, and the port to what tells them.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::port::SourceError;
use crate::run::words;

words! {
    /// In which form a target wants to be told.
    TargetKind {
        /// Signed JSON for a program.
        Webhook = "webhook",
        /// An ntfy topic.
        Ntfy = "ntfy",
        /// A webhook of a Discord channel.
        Discord = "discord",
        /// A Gotify server.
        Gotify = "gotify",
        /// An Apprise API.
        Apprise = "apprise",
    }
}

impl TargetKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Webhook, Self::Ntfy, Self::Discord, Self::Gotify, Self::Apprise];
}

/// One thing to tell.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    /// Its number among the events; 0 for a test. The same number is the same notice, told again
    /// because nobody knows whether it arrived.
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened, as `subject.verb`.
    pub kind: String,
    /// `info`, `warning` or `error`.
    pub severity: String,
    /// A few words for people; names come from sources and may hold anything.
    pub title: String,
    /// A sentence for people, likewise.
    pub text: String,
    /// The event whole, for programs.
    pub data: Value,
}

/// Tells one target.
///
/// # Contract
/// - `Ok` means that the target took it. Anything else may be tried again: an error says nothing
///   of whether people saw it.
/// - It follows no redirect, and reads only so much of an answer as its error needs.
/// - No error holds the url or secret of the target.
#[async_trait]
pub trait Notifier: Send + Sync + fmt::Debug {
    /// Tells a notice. `now` is part of what is signed.
    async fn tell(&self, notice: &Notice, now: DateTime<Utc>) -> Result<(), SourceError>;
}
