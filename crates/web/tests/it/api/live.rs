//! What happens, as it happens.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use shelfread_domain::SourceKind;
use shelfread_domain::download::{ClientKind, TransferState};
use shelfread_domain::port::LibraryKind;
use shelfread_store::{NewEvent, Store};
use shelfread_testkit::faults::{Fault, Gate};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use super::{PATIENCE, refused};
use crate::desk::{Desk, both};

both!(
    a_reader_that_was_cut_off_misses_nothing,
    what_others_write_appears,
    a_slow_reader_gets_everything_in_order,
    many_readers_hear_the_same_at_once,
    how_far_a_run_is_comes_without_a_number,
    how_far_a_transfer_is_comes_without_a_number,
    streams_end_with_the_server,
    a_stop_waits_for_no_reader,
    what_makes_no_sense_is_refused,
);

/// One message of a stream.
#[derive(Debug, Default, PartialEq)]
struct Message {
    id: Option<i64>,
    kind: String,
    data: Value,
}

/// A stream that is being read.
struct Reading {
    answer: Response,
    text: String,
}

impl Reading {
    async fn begin(desk: &Desk, query: &str, last: Option<i64>) -> Self {
        let request = desk.request(Method::GET, &format!("/api/v1/events/stream{query}"));
        let request = last.into_iter().fold(request, |r, id| r.header("last-event-id", id));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut reading = Self { answer, text: String::new() };
        let hello = reading.block().await.unwrap();
        assert!(hello.starts_with("retry: ") && hello.contains("\nid: "), "{hello}");
        reading
    }

    /// The next block of lines; `None` when the stream is over.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.answer.chunk()).await.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    async fn next(&mut self) -> Message {
        let mut message = Message::default();
        for line in self.block().await.unwrap().lines() {
            let (field, value) = line.split_once(": ").unwrap();
            match field {
                "id" => message.id = Some(value.parse().unwrap()),
                "event" => message.kind = value.to_owned(),
                "data" => message.data = serde_json::from_str(value).unwrap(),
                other => panic!("{other}"),
            }
        }
        message
    }

    async fn numbers(&mut self, count: usize) -> Vec<i64> {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.next().await.data["data"]["n"].as_i64().unwrap());
        }
        all
    }
}

fn events(numbers: std::ops::Range<i64>, ballast: usize) -> Vec<NewEvent> {
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    let data = |n| json!({ "n": n, "ballast": "x".repeat(ballast) });
    numbers.map(|n| NewEvent::new(at, "test.happened", "info", data(n))).collect()
}

async fn append(store: &Store, numbers: std::ops::Range<i64>) {
    store.append_events(&events(numbers, 0)).await.unwrap();
}

async fn a_reader_that_was_cut_off_misses_nothing(desk: Desk) {
    append(desk.app.store(), 0..3).await;
    let mut from_start = Reading::begin(&desk, "?after=0", None).await;
    let mut from_now = Reading::begin(&desk, "", None).await;
    append(desk.app.store(), 3..6).await;
    assert_eq!(from_start.numbers(6).await, [0, 1, 2, 3, 4, 5]);
    let first = from_now.next().await;
    assert_eq!((first.kind.as_str(), &first.data["data"]["n"]), ("test.happened", &json!(3)));
    assert_eq!(first.data["seq"], json!(first.id.unwrap()));
    drop(from_now);
    append(desk.app.store(), 6..900).await;
    let mut again = Reading::begin(&desk, "?after=0", first.id).await;
    append(desk.app.store(), 900..903).await;
    assert_eq!(again.numbers(899).await, (4..903).collect::<Vec<_>>());
}

async fn what_others_write_appears(desk: Desk) {
    let mut reading = Reading::begin(&desk, "", None).await;
    let other = Store::open(&desk.database).await.unwrap();
    append(&other, 0..3).await;
    append(desk.app.store(), 3..6).await;
    assert_eq!(reading.numbers(6).await, [0, 1, 2, 3, 4, 5]);
}

async fn a_slow_reader_gets_everything_in_order(desk: Desk) {
    let mut slow = Reading::begin(&desk, "", None).await;
    let mut quick = Reading::begin(&desk, "", None).await;
    let all = 3_000;
    for part in 0..all / 100 {
        let part = events(part * 100..(part + 1) * 100, 4_000);
        desk.app.store().append_events(&part).await.unwrap();
    }
    // The quick one has everything before the slow one begins to read.
    for reading in [&mut quick, &mut slow] {
        let count = usize::try_from(all).unwrap();
        assert_eq!(reading.numbers(count).await, (0..all).collect::<Vec<_>>());
    }
}

async fn many_readers_hear_the_same_at_once(desk: Desk) {
    let mut all = Vec::new();
    for _ in 0..300 {
        all.push(Reading::begin(&desk, "", None).await);
    }
    let begun = Instant::now();
    append(desk.app.store(), 7..8).await;
    let heard = all.iter_mut().map(|reading| reading.numbers(1));
    assert!(futures::future::join_all(heard).await.iter().all(|heard| *heard == [7]));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(1), "a second would be the poll: {took:?}");
}

async fn how_far_a_run_is_comes_without_a_number(desk: Desk) {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.inner().lists("1", LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1");
    let gate = Gate::default();
    den.set([Fault::Gate(gate.clone())]);
    let mut reading = Reading::begin(&desk, "", None).await;
    let run = desk.order("/api/v1/sync?source=den").await.json()["runs"][0]["id"].clone();
    gate.open();
    let mut seen = Vec::new();
    loop {
        let message = reading.next().await;
        if message.kind == "run.progress" {
            assert_eq!((message.id, &message.data["run"]), (None, &run));
            seen.push(message.data["status"].as_str().unwrap().to_owned());
            if message.data["status"] == "succeeded" {
                break;
            }
        } else {
            assert!(message.id.is_some(), "{message:?}");
        }
    }
    assert!(seen.len() > 2 && seen[0] == "running", "{seen:?}");
}

async fn how_far_a_transfer_is_comes_without_a_number(desk: Desk) {
    let program = desk.program_added("box", ClientKind::Transmission).await;
    let hash = "dbc6a19a11fc1584000912f2f5031106a6fe2537";
    program.has(hash, "Heat", TransferState::Downloading);
    let mut reading = Reading::begin(&desk, "", None).await;
    desk.app.look_at_all().await.unwrap();
    loop {
        let message = reading.next().await;
        if message.kind == "download.progress" {
            assert_eq!((message.id, &message.data["client"]), (None, &json!("box")));
            assert_eq!(message.data["downloads"][0]["state"], "downloading");
            break;
        }
    }
}

async fn streams_end_with_the_server(desk: Desk) {
    let mut reading = Reading::begin(&desk, "", None).await;
    desk.stop.cancel();
    assert_eq!(reading.block().await, None);
}

/// Asks for everything that happened and takes nothing of it.
async fn deaf(desk: &Desk) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(desk.address).await.unwrap();
    let token = desk.token.expose_secret();
    let ask = format!(
        "GET /api/v1/events/stream?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    stream
}

async fn a_stop_waits_for_no_reader(desk: Desk) {
    let count = 3_000;
    desk.app.store().append_events(&events(0..count, 5_000)).await.unwrap();
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(deaf(&desk).await);
        // Who may ask some day, as browsers do.
        open.push(TcpStream::connect(desk.address).await.unwrap());
    }
    let mut readers = Vec::new();
    for _ in 0..50 {
        readers.push(Reading::begin(&desk, "", None).await);
    }
    let mut whole = Reading::begin(&desk, "?after=0", None).await;
    whole.numbers(usize::try_from(count).unwrap()).await;
    let begun = Instant::now();
    desk.stop.cancel();
    desk.ended.cancelled().await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "ten seconds would be for an answer at work: {took:?}");
    for mut reader in readers {
        while let Some(block) = reader.block().await {
            assert_eq!(block, ":", "a heartbeat");
        }
    }
}

async fn what_makes_no_sense_is_refused(desk: Desk) {
    append(desk.app.store(), 0..1).await;
    let path = "/api/v1/events/stream";
    for query in ["?after=-1", "?after=x"] {
        refused(&desk.get(&format!("{path}{query}")).await, 422, "invalid");
    }
    refused(&desk.get(&format!("{path}?aftr=1")).await, 400, "unknown-parameter");
    let odd = desk.request(Method::GET, path).header("last-event-id", "x");
    refused(&crate::desk::said(odd).await, 422, "invalid");
    // A number that there is not yet is one of another database: what is new comes.
    let mut reading = Reading::begin(&desk, "", Some(1_000_000)).await;
    append(desk.app.store(), 1..2).await;
    assert_eq!(reading.numbers(1).await, [1]);
}
