//! What every torrent client must do alike. One function, one situation; each adapter's module
//! starts its program and calls them.

use std::fs;
use std::time::Duration;

use shelfread_domain::download::{
    ClientAnswer, Content, DownloadClient, Outcome, Place, Removal, Transfer, TransferId,
    TransferState,
};
use shelfread_domain::port::Problem;
use shelfread_testkit::until;

use crate::daemon::{Daemon, PATIENCE};
use crate::torrents::{Torrent, magnet};

/// A password that is not the right one.
pub const WRONG: &str = "hunter2";

const STRANGER: &str = "0123456789abcdef0123456789abcdef01234567";

/// The transfer as the client lists it now.
pub async fn find(client: &dyn DownloadClient, id: &TransferId) -> Option<Transfer> {
    client.list().await.unwrap().into_iter().find(|t| t.id == *id)
}

/// Waits until the client shows the transfer so.
pub async fn shows(
    client: &dyn DownloadClient,
    id: &TransferId,
    is_so: impl Fn(&Transfer) -> bool,
) -> Transfer {
    let mut last = None;
    let end = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < end {
        last = find(client, id).await;
        if let Some(transfer) = last.take_if(|t| is_so(t)) {
            return transfer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never so: {last:#?}");
}

/// Whether it would receive if someone sent.
fn waits(t: &Transfer) -> bool {
    matches!(t.state, TransferState::Downloading | TransferState::Stalled)
}

/// A transfer that is finished because its data was there before it.
pub async fn finished(
    client: &dyn DownloadClient,
    daemon: &Daemon,
    torrent: &Torrent,
) -> TransferId {
    fs::write(daemon.downloads().join(&torrent.name), &torrent.content).unwrap();
    let added = client.add(&torrent.new_transfer().await).await.unwrap();
    shows(client, &added.id, |t| t.finished && t.is_seeding()).await;
    added.id
}

/// Everything that is the same with a real program and a simulated one. `theirs` is the same
/// client for somebody else, `wrong` has a wrong password.
pub async fn everything(
    ours: &dyn DownloadClient,
    theirs: &dyn DownloadClient,
    wrong: &dyn DownloadClient,
) {
    a_stranger(ours).await;
    a_bad_torrent(ours).await;
    a_wrong_password(wrong, ours).await;
    a_day(ours).await;
    a_magnet(ours).await;
    twice(ours).await;
    behind_our_back(ours, theirs).await;
}

/// Add, see, pause, resume, label, remove.
pub async fn a_day(client: &dyn DownloadClient) {
    assert_eq!(client.list().await.unwrap(), []);
    let torrent = Torrent::new("Heat.1995.1080p", 100_000);
    let mut new = torrent.new_transfer().await;
    new.label = Some("films".into());
    let added = client.add(&new).await.unwrap();
    assert_eq!((&added.id, added.already_there), (&new.payload.ids[0], false));

    let seen = shows(client, &added.id, waits).await;
    assert_eq!(seen.name, "Heat.1995.1080p");
    assert_eq!((seen.size_bytes, seen.left_bytes), (Some(100_000), Some(100_000)));
    assert_eq!((seen.label.as_deref(), seen.finished), (Some("films"), false));
    assert!(seen.content_path.unwrap().ends_with("/dl/Heat.1995.1080p"));
    assert!(seen.added_at.is_some() && seen.completed_at.is_none());
    let files = client.files(&added.id).await.unwrap().unwrap();
    assert_eq!(files[0].path, "Heat.1995.1080p");
    assert_eq!(files[0].size_bytes, Some(100_000));

    assert_eq!(client.pause(&added.id).await.unwrap(), Outcome::Done);
    shows(client, &added.id, |t| t.state == TransferState::Paused).await;
    assert_eq!(client.pause(&added.id).await.unwrap(), Outcome::Already);
    assert_eq!(client.resume(&added.id).await.unwrap(), Outcome::Done);
    shows(client, &added.id, waits).await;
    assert_eq!(client.resume(&added.id).await.unwrap(), Outcome::Already);

    assert_eq!(client.set_label(&added.id, Some("series")).await.unwrap(), Outcome::Done);
    shows(client, &added.id, |t| t.label.as_deref() == Some("series")).await;
    assert_eq!(client.set_label(&added.id, None).await.unwrap(), Outcome::Done);
    shows(client, &added.id, |t| t.label.is_none()).await;

    assert_eq!(client.retry(&added.id).await.unwrap().as_ref(), Some(&added.id));
    let removed = client.remove(&added.id, false).await.unwrap();
    assert_eq!(removed, Removal::Removed { data: false });
    until(PATIENCE, async || find(client, &added.id).await.is_none()).await;
}

/// The same thing twice, as a file and as a magnet.
pub async fn twice(client: &dyn DownloadClient) {
    let torrent = Torrent::new("Ran.1985", 50_000);
    let mut new = torrent.new_transfer().await;
    new.paused = true;
    let first = client.add(&new).await.unwrap();
    let second = client.add(&new).await.unwrap();
    assert_eq!((second.id, second.already_there), (first.id.clone(), true));
    let hash = first.id.as_str().to_uppercase();
    let third = client.add(&magnet(&format!("magnet:?xt=urn:btih:{hash}")).await).await.unwrap();
    assert_eq!((&third.id, third.already_there), (&first.id, true));
    assert_eq!(client.list().await.unwrap().len(), 1);
    shows(client, &first.id, |t| t.state == TransferState::Paused).await;
}

/// A magnet that nobody has knows its id and nothing else.
pub async fn a_magnet(client: &dyn DownloadClient) {
    let link = format!("magnet:?xt=urn:btih:{STRANGER}&dn=Nobody.Has.It");
    let added = client.add(&magnet(&link).await).await.unwrap();
    assert_eq!(added.id.as_str(), STRANGER);
    let seen = shows(client, &added.id, |t| t.state == TransferState::Metadata).await;
    assert_eq!((seen.name.as_str(), seen.finished), ("Nobody.Has.It", false));
    assert_eq!((seen.size_bytes, seen.progress.fraction()), (None, 0.0));
    assert_eq!(client.remove(&added.id, true).await.unwrap(), Removal::Removed { data: true });
}

/// Data goes only when it is asked to.
pub async fn data_stays_or_goes(client: &dyn DownloadClient, daemon: &Daemon) {
    for with_data in [false, true] {
        let torrent = Torrent::new("Dune.1984", 70_000);
        let id = finished(client, daemon, &torrent).await;
        let seen = find(client, &id).await.unwrap();
        assert_eq!((seen.progress.fraction(), seen.left_bytes), (1.0, Some(0)));
        let removed = client.remove(&id, with_data).await.unwrap();
        assert_eq!(removed, Removal::Removed { data: with_data });
        let file = daemon.downloads().join(&torrent.name);
        until(PATIENCE, async || find(client, &id).await.is_none()).await;
        until(PATIENCE, async || file.exists() != with_data).await;
    }
}

/// Orders for a transfer that is not there say so.
pub async fn a_stranger(client: &dyn DownloadClient) {
    let id = TransferId::new(STRANGER).unwrap();
    assert_eq!(client.pause(&id).await.unwrap(), Outcome::Absent);
    assert_eq!(client.resume(&id).await.unwrap(), Outcome::Absent);
    assert_eq!(client.set_label(&id, Some("x")).await.unwrap(), Outcome::Absent);
    assert_eq!(client.remove(&id, true).await.unwrap(), Removal::Absent);
    assert_eq!(client.retry(&id).await.unwrap(), None);
    assert_eq!(client.files(&id).await.unwrap(), None);
}

/// A file that is no torrent to the client, though its outside is that of one.
pub async fn a_bad_torrent(client: &dyn DownloadClient) {
    let mut new = Torrent::new("Bad", 10).new_transfer().await;
    new.payload.content = Content::Torrent(b"d4:infod1:xi1eee".to_vec());
    let error = client.add(&new).await.unwrap_err();
    assert!(matches!(error.problem, Problem::Rejected(_)), "{error}");
    assert_eq!(client.list().await.unwrap(), []);
    new.payload.content = Content::Nzb(Vec::new());
    let error = client.add(&new).await.unwrap_err();
    assert!(matches!(error.problem, Problem::Unusable(_)), "{error}");
}

/// A wrong password is a refusal, shows no secret and does not keep the right one out.
pub async fn a_wrong_password(wrong: &dyn DownloadClient, right: &dyn DownloadClient) {
    let error = wrong.list().await.unwrap_err();
    assert_eq!(error.problem, Problem::Unauthorized);
    assert!(matches!(ClientAnswer::from(Err(error.clone())), ClientAnswer::Refused(_)));
    assert!(!format!("{error} {error:?} {wrong:?}").contains(WRONG));
    assert!(wrong.test().await.is_err());
    assert_eq!(right.list().await.unwrap(), []);
}

/// A client that is down is no empty client, and has everything when it is back.
pub async fn down_and_up(client: &dyn DownloadClient, daemon: &mut Daemon) {
    let id = finished(client, daemon, &Torrent::new("Alien.1979", 40_000)).await;
    daemon.stop().await;
    let answer = ClientAnswer::from(client.list().await);
    assert!(matches!(answer, ClientAnswer::Unreachable(_)), "{answer:?}");
    assert!(client.remove(&id, true).await.is_err());
    daemon.start_again();
    daemon.answers(client).await;
    shows(client, &id, |t| t.finished).await;
}

/// What someone else does in the client is seen.
pub async fn behind_our_back(ours: &dyn DownloadClient, theirs: &dyn DownloadClient) {
    let torrent = Torrent::new("Stalker.1979", 40_000);
    let id = theirs.add(&torrent.new_transfer().await).await.unwrap().id;
    shows(ours, &id, waits).await;
    theirs.pause(&id).await.unwrap();
    shows(ours, &id, |t| t.state == TransferState::Paused).await;
    theirs.remove(&id, true).await.unwrap();
    until(PATIENCE, async || find(ours, &id).await.is_none()).await;
    assert_eq!(ours.remove(&id, true).await.unwrap(), Removal::Absent);
}

/// Transfers as a table for snapshots.
pub fn table(transfers: &[Transfer]) -> String {
    transfers.iter().fold(String::new(), |mut out, t| {
        let more = [
            t.finished.then(|| "finished".to_owned()),
            (t.place == Place::History).then(|| "history".to_owned()),
            t.size_bytes.map(|n| format!("of {n}")),
            t.left_bytes.map(|n| format!("left {n}")),
            t.down_speed.filter(|n| *n > 0).map(|n| format!("down {n}")),
            t.eta_seconds.map(|n| format!("eta {n}")),
            t.ratio.map(|n| format!("ratio {n}")),
            t.label.as_ref().map(|l| format!("label {l}")),
            t.content_path.as_ref().map(|p| format!("at {p}")),
            t.added_at.map(|t| format!("added {}", t.timestamp())),
            t.completed_at.map(|t| format!("done {}", t.timestamp())),
            t.error.as_ref().map(|e| format!("({e})")),
        ];
        let more: Vec<String> = more.into_iter().flatten().collect();
        let percent = t.progress.fraction() * 100.0;
        let more = more.join(", ");
        out += &format!("{} {:?} {} {percent}% {more}\n", t.id, t.name, t.state);
        out
    })
}
