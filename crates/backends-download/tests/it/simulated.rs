//! The adapters with simulated programs: the versions that the distribution lacks, in which the same
//! must hold as with the real ones, and what befalls a program that nobody can order.

use std::sync::Arc;

use shelfread_domain::download::{ClientAnswer, ClientKind, DownloadClient, TransferState};
use shelfread_simulator::{Effect, Fault, Faults, Running, TorrentClient, Torrents};

use crate::client_at;
use crate::daemon::{PASSWORD, USER};
use crate::suite::{self, WRONG};

type Make = fn(&Torrents) -> TorrentClient;

/// All programs and versions, with the version of the protocol that each shows.
const PROGRAMS: &[(ClientKind, &str, Make)] = &[
    (ClientKind::Transmission, "16", TorrentClient::transmission),
    (ClientKind::Transmission, "6.0.0", TorrentClient::transmission_4_1),
    (ClientKind::Qbittorrent, "2.8.4", |t| TorrentClient::qbittorrent(t, 8)),
    (ClientKind::Qbittorrent, "2.11.4", |t| TorrentClient::qbittorrent(t, 11)),
    (ClientKind::Qbittorrent, "2.14.4", |t| TorrentClient::qbittorrent(t, 14)),
];

async fn start(torrents: &Torrents, make: Make) -> Running {
    make(torrents).account(USER, PASSWORD).start().await.unwrap()
}

fn client(kind: ClientKind, server: &Running) -> Arc<dyn DownloadClient> {
    client_at(kind, server.url(), PASSWORD)
}

#[tokio::test]
async fn what_holds_for_the_real_ones_holds_for_these() {
    for (kind, protocol, make) in PROGRAMS {
        let torrents = Torrents::new();
        let server = start(&torrents, *make).await;
        let (ours, theirs) = (client(*kind, &server), client(*kind, &server));
        assert_eq!(ours.test().await.unwrap().protocol, *protocol);
        let wrong = client_at(*kind, server.url(), WRONG);
        suite::everything(&*ours, &*theirs, &*wrong).await;
        assert_eq!(torrents.count(), 1);
    }
}

#[tokio::test]
async fn a_torrent_receives_until_it_is_whole() {
    for (kind, _, make) in PROGRAMS {
        let torrents = Torrents::new();
        let hash = torrents.add("Heat.1995", 8_000);
        let server = start(&torrents, *make).await;
        let client = client(*kind, &server);
        let seen = async || client.list().await.unwrap().remove(0);
        assert_eq!(seen().await.state, TransferState::Stalled);

        torrents.set_speed(&hash, 1_000);
        torrents.advance(2);
        let moving = seen().await;
        assert_eq!((moving.state, moving.down_speed), (TransferState::Downloading, Some(1_000)));
        assert_eq!((moving.left_bytes, moving.eta_seconds), (Some(6_000), Some(6)));
        assert_eq!((moving.progress.fraction(), moving.finished), (0.25, false));

        torrents.advance(7);
        let done = seen().await;
        assert_eq!((done.state, done.finished), (TransferState::Seeding, true));
        assert_eq!((done.left_bytes, done.down_speed), (Some(0), Some(0)));
        assert!(done.completed_at > done.added_at);

        torrents.fail(&hash, "No data found!");
        let failed = seen().await;
        assert_eq!((failed.state, failed.finished), (TransferState::Failed, false));
        assert!(failed.error.is_some());
    }
}

#[tokio::test]
async fn a_restart_ends_sessions_and_may_answer_short() {
    for (kind, _, make) in PROGRAMS {
        let torrents = Torrents::new();
        torrents.fill(20);
        let server = start(&torrents, *make).await;
        let client = client(*kind, &server);
        assert_eq!(client.list().await.unwrap().len(), 20);
        server.stop().await;
        let answer = ClientAnswer::from(client.list().await);
        assert!(matches!(answer, ClientAnswer::Unreachable(_)), "{answer:?}");
        torrents.restart(3);
        server.restart().await.unwrap();
        assert_eq!(client.list().await.unwrap().len(), 17);
    }
}

#[tokio::test]
async fn no_fault_is_an_empty_client() {
    let effects = [
        Effect::Reset,
        Effect::Silence,
        Effect::Stall(20),
        Effect::CutOff(20),
        Effect::Status { code: 401, retry_after: None },
        Effect::Status { code: 500, retry_after: None },
        Effect::Html,
        Effect::Redirect("http://127.0.0.1:1/".into()),
        Effect::BadJson,
    ];
    for (kind, _, make) in PROGRAMS {
        let torrents = Torrents::new();
        torrents.fill(3);
        let server = start(&torrents, *make).await;
        let client = client(*kind, &server);
        assert_eq!(client.list().await.unwrap().len(), 3);
        for effect in &effects {
            server.set_faults([Fault::new(effect.clone())]);
            let answer = ClientAnswer::from(client.list().await);
            assert!(!matches!(answer, ClientAnswer::Answered(_)), "{kind} {effect:?}: {answer:?}");
        }
        server.set_faults(Faults::default());
        assert_eq!(client.list().await.unwrap().len(), 3);
    }
}
