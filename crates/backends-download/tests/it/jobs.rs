//! What every usenet client must do alike, like [`crate::suite`] for torrents.

use std::fs;
use std::path::PathBuf;

use shelfread_domain::download::{
    Content, DownloadClient, Outcome, Place, Removal, Transfer, TransferId, TransferState,
};
use shelfread_domain::port::Problem;
use shelfread_testkit::until;

use crate::daemon::{Daemon, PATIENCE};
use crate::suite::{self, find, shows};
use crate::torrents::Torrent;
use crate::usenet::{NewsServer, Post};

/// Add, see, pause, resume, label, finish, and look for it in the history.
pub async fn a_day(client: &dyn DownloadClient, news: &NewsServer) {
    assert_eq!(client.list().await.unwrap(), []);
    let post = Post::new("Heat.1995.1080p", 400_000);
    news.post(&post);
    news.allow(2);
    let mut new = post.new_transfer().await;
    (new.label, new.paused) = (Some("films".into()), true);
    let added = client.add(&new).await.unwrap();
    assert!(!added.already_there && added.id.as_str().parse::<u64>().is_err());
    let id = &added.id;

    let seen = shows(client, id, |t| t.state == TransferState::Paused).await;
    assert_eq!((seen.name.as_str(), seen.place), ("Heat.1995.1080p", Place::Queue));
    assert_eq!((seen.finished, seen.label.as_deref()), (false, Some("films")));
    assert!(seen.size_bytes.is_some_and(|n| n.abs_diff(400_000) < 10_000), "{seen:?}");
    assert_eq!((seen.left_bytes, seen.progress.fraction()), (seen.size_bytes, 0.0));
    assert_eq!(client.pause(id).await.unwrap(), Outcome::Already);
    let files = client.files(id).await.unwrap().unwrap();
    assert!(files[0].path.contains("Heat.1995.1080p.mkv"), "{files:?}");

    assert_eq!(client.set_label(id, Some("series")).await.unwrap(), Outcome::Done);
    shows(client, id, |t| t.label.as_deref() == Some("series")).await;
    assert_eq!(client.set_label(id, Some("series")).await.unwrap(), Outcome::Already);

    assert_eq!(client.resume(id).await.unwrap(), Outcome::Done);
    let moving =
        |t: &Transfer| t.state == TransferState::Downloading && t.progress.fraction() > 0.0;
    let seen = shows(client, id, moving).await;
    assert!(seen.left_bytes < seen.size_bytes && !seen.finished);
    assert_eq!(client.resume(id).await.unwrap(), Outcome::Already);

    news.allow(usize::MAX);
    let done = shows(client, id, |t| t.finished).await;
    assert_eq!((done.state, done.place), (TransferState::Completed, Place::History));
    assert_eq!((done.progress.fraction(), done.left_bytes, done.error), (1.0, Some(0), None));
    assert!(done.completed_at.is_some());
    // Of one file alone some programs show the file.
    let place = PathBuf::from(done.content_path.unwrap());
    let file = if place.is_dir() { place.join(post.file()) } else { place };
    assert!(fs::read(&file).unwrap() == post.content);
    assert_eq!(client.pause(id).await.unwrap(), Outcome::Already);
    assert!(matches!(client.remove(id, false).await.unwrap(), Removal::Removed { data: false }));
    until(PATIENCE, async || find(client, id).await.is_none()).await;
    assert_eq!(client.remove(id, false).await.unwrap(), Removal::Absent);
    assert!(file.exists());
}

/// A job that waits until it is told to begin.
async fn paused(client: &dyn DownloadClient, post: &Post) -> TransferId {
    let mut new = post.new_transfer().await;
    new.paused = true;
    let added = client.add(&new).await.unwrap();
    assert!(!added.already_there);
    added.id
}

/// The same thing twice is one job while it is in the queue, and a new one when it is not.
pub async fn twice(client: &dyn DownloadClient) {
    let post = Post::new("Ran.1985", 50_000);
    let first = paused(client, &post).await;
    let again = client.add(&post.new_transfer().await).await.unwrap();
    assert_eq!((&again.id, again.already_there), (&first, true));
    assert_eq!(client.list().await.unwrap().len(), 1);
    assert_eq!(client.remove(&first, true).await.unwrap(), Removal::Removed { data: true });
    until(PATIENCE, async || client.list().await.unwrap().is_empty()).await;
    let id = paused(client, &post).await;
    shows(client, &id, |t| t.state == TransferState::Paused).await;
    client.remove(&id, true).await.unwrap();
    until(PATIENCE, async || client.list().await.unwrap().is_empty()).await;
}

/// What is no NZB to the client, though we took it for one, leaves nothing behind.
pub async fn a_bad_nzb(client: &dyn DownloadClient) {
    let mut new = Post::new("Bad", 10).new_transfer().await;
    new.payload.content = Content::Nzb(b"<html><body>Please log in</body></html>".to_vec());
    let error = client.add(&new).await.unwrap_err();
    assert!(matches!(error.problem, Problem::Rejected(_)), "{error}");
    assert_eq!(client.list().await.unwrap(), []);
    new.payload.content = Torrent::new("Bad", 10).payload().await.content;
    let error = client.add(&new).await.unwrap_err();
    assert!(matches!(error.problem, Problem::Unusable(_)), "{error}");
    let mut new = Post::new("Placed", 10).new_transfer().await;
    new.save_path = Some("/elsewhere".into());
    let error = client.add(&new).await.unwrap_err();
    assert!(matches!(error.problem, Problem::Unusable(_)), "{error}");
}

/// A job whose articles are gone fails, says why, and can be tried again.
pub async fn failed_and_tried_again(client: &dyn DownloadClient, news: &NewsServer) {
    let post = Post::new("Ikiru.1952", 120_000);
    let id = client.add(&post.new_transfer().await).await.unwrap().id;
    let failed = shows(client, &id, |t| t.state == TransferState::Failed).await;
    assert_eq!((failed.place, failed.finished), (Place::History, false));
    assert!(failed.error.is_some_and(|why| !why.is_empty()) && failed.completed_at.is_some());
    news.post(&post);
    let id = client.retry(&id).await.unwrap().unwrap();
    shows(client, &id, |t| t.finished).await;
    client.remove(&id, false).await.unwrap();
    until(PATIENCE, async || client.list().await.unwrap().is_empty()).await;
}

/// What was there before a restart is there after it, under the same ids.
pub async fn down_and_up(client: &dyn DownloadClient, news: &NewsServer, daemon: &mut Daemon) {
    let (over, waits) = (Post::new("Alien.1979", 60_000), Post::new("Aliens.1986", 60_000));
    news.post(&over);
    let over = client.add(&over.new_transfer().await).await.unwrap().id;
    let waits = paused(client, &waits).await;
    shows(client, &over, |t| t.finished).await;
    daemon.stop().await;
    assert!(client.list().await.is_err());
    assert!(client.remove(&waits, true).await.is_err());
    daemon.start_again();
    daemon.answers(client).await;
    shows(client, &over, |t| t.finished && t.place == Place::History).await;
    shows(client, &waits, |t| t.state == TransferState::Paused).await;
    assert_eq!(client.list().await.unwrap().len(), 2);
}

/// What someone else does in the client is seen.
pub async fn behind_our_back(ours: &dyn DownloadClient, theirs: &dyn DownloadClient) {
    let id = paused(theirs, &Post::new("Stalker.1979", 40_000)).await;
    shows(ours, &id, |t| t.state == TransferState::Paused).await;
    theirs.remove(&id, true).await.unwrap();
    until(PATIENCE, async || find(ours, &id).await.is_none()).await;
    assert_eq!(ours.remove(&id, true).await.unwrap(), Removal::Absent);
}

/// Transfers as a table for snapshots, in the order of their ids.
pub fn table(mut transfers: Vec<Transfer>) -> String {
    transfers.sort_by(|a, b| a.id.cmp(&b.id));
    suite::table(&transfers)
}
