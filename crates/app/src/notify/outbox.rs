//! The outbox at work: letters from events, and letters to their targets, until it is told to stop.
//!
//! Any number of servers may do this on one database: a letter is written once, by constraint, and
//! delivered by whoever claimed it. A server that dies between telling a target and noting so
//! leaves a letter that is delivered again; its number is the same, so that the other side can know.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use futures::future::BoxFuture;
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::{Letter, NewLetter, TargetRow};
use tokio_util::sync::CancellationToken;

use super::targets::wants;
use super::words::notice;
use crate::App;
use crate::error::Result;

/// How often events are read and letters delivered.
const EVERY: Duration = Duration::from_secs(1);
/// Events that are read at once.
const PAGE: u64 = 1_000;
/// Letters that are delivered at the same time, and how long nobody else gets them.
const AT_ONCE: u64 = 8;
const CLAIM: Duration = Duration::from_secs(60);
/// How often a letter is tried, in about half a day, and the pauses between.
const MOST_ATTEMPTS: u32 = 8;
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);
/// How long it is remembered what was delivered, and how often that is looked after.
const KEEP: TimeDelta = TimeDelta::days(30);
const FORGET_EVERY: TimeDelta = TimeDelta::hours(1);

impl App {
    /// Tells targets what happens until it is told to stop.
    pub fn run_outbox(&self, stop: CancellationToken) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut forget_at = self.clock.now();
            while !stop.is_cancelled() {
                let pause = match self.post(&mut forget_at).await {
                    Ok(()) => EVERY,
                    Err(error) => {
                        tracing::warn!(%error, "notifications wait");
                        EVERY * 10
                    }
                };
                tokio::select! {
                    () = self.clock.sleep(pause) => {}
                    () = stop.cancelled() => {}
                }
            }
        })
    }

    async fn post(&self, forget_at: &mut DateTime<Utc>) -> Result<()> {
        let targets = self.store.targets().await?;
        if targets.is_empty() {
            return Ok(());
        }
        self.write_letters(&targets).await?;
        while self.deliver(&targets).await? {}
        let now = self.clock.now();
        if *forget_at <= now {
            self.store.forget_letters(now - KEEP, PAGE).await?;
            *forget_at = now + FORGET_EVERY;
        }
        Ok(())
    }

    /// Writes what targets are to be told of what happened since they were last told.
    async fn write_letters(&self, targets: &[TargetRow]) -> Result<()> {
        let ids: Vec<_> = targets.iter().map(|target| target.id).collect();
        let mut seen = targets.iter().map(|target| target.seen_seq).min().unwrap_or(0);
        loop {
            let events = self.store.events_after(seen, PAGE).await?;
            let Some(last) = events.last() else { return Ok(()) };
            seen = last.seq;
            let mut letters = Vec::new();
            for event in &events {
                let told = targets.iter().filter(|t| t.enabled && t.seen_seq < event.seq);
                for target in told.filter(|t| wants(&t.events, &event.event.kind)) {
                    let whole = serde_json::to_value(event).unwrap_or_default();
                    let target_id = target.id;
                    letters.push(NewLetter { target_id, event_seq: event.seq, event: whole });
                }
            }
            self.store.put_letters(&letters, &ids, seen, self.clock.now()).await?;
        }
    }

    /// Delivers what is due; whether there may be more.
    async fn deliver(&self, targets: &[TargetRow]) -> Result<bool> {
        let now = self.clock.now();
        let letters = self.store.claim_letters(&self.owner, CLAIM, now, AT_ONCE).await?;
        let more = letters.len() as u64 == AT_ONCE;
        let deliveries = letters.iter().map(|letter| self.deliver_one(targets, letter));
        let deliveries: Vec<_> = deliveries.collect();
        let mut done = futures::stream::iter(deliveries).buffer_unordered(letters.len().max(1));
        while let Some(noted) = done.next().await {
            noted?;
        }
        Ok(more)
    }

    async fn deliver_one(&self, targets: &[TargetRow], letter: &Letter) -> Result<()> {
        let told = self.tell_target(targets, letter).await;
        let (now, owner) = (self.clock.now(), &*self.owner);
        let Err(error) = told else {
            return Ok(self.store.note_attempt(letter.id, owner, None, None, now).await?);
        };
        let again = again(letter.attempts).map(|pause| now + pause);
        let error = error.to_string();
        if again.is_none() {
            tracing::warn!(to = letter.target, error, "a notification was given up");
        }
        Ok(self.store.note_attempt(letter.id, owner, Some(&error), again, now).await?)
    }

    async fn tell_target(&self, targets: &[TargetRow], letter: &Letter) -> Result<(), SourceError> {
        let target = targets.iter().find(|target| target.id == letter.target_id);
        let target = target.ok_or_else(|| {
            let problem = "it was added just now".to_owned();
            SourceError::new("telling a target", Problem::Configuration(problem))
        })?;
        let notifier = self.notifiers.open(target)?;
        notifier.tell(&notice(letter), self.clock.now()).await
    }
}

/// How long to wait after another failure; `None` when it was the last one.
fn again(attempts: u32) -> Option<TimeDelta> {
    let is_last = attempts + 1 >= MOST_ATTEMPTS;
    (!is_last).then(|| (FIRST_PAUSE * 4_i32.pow(attempts.min(10))).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_tried_for_half_a_day() {
        let pauses: Vec<_> =
            (0..7).map(|attempts| again(attempts).unwrap().num_seconds()).collect();
        assert_eq!(pauses, [30, 120, 480, 1_920, 7_680, 21_600, 21_600]);
        assert_eq!(again(7), None);
        assert_eq!(again(u32::MAX - 1), None);
    }
}
