//! Answers of servers that break, lie or attack: no panic, no end of time or memory, and never a
//! list that hides a transfer.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use shelfread_backends_download::PayloadReader;
use shelfread_domain::download::{
    ClientAnswer, Content, DownloadClient, Given, NewTransfer, Payload, ReadPayload, Transfer,
    TransferId,
};
use shelfread_domain::port::SourceError;
use shelfread_domain::text::{MAX_PATH, MAX_TITLE};
use shelfread_testkit::wire::{Reply, Wire};
use tokio::task::JoinSet;

use crate::fake_client;
use crate::samples::{SAMPLES, Sample, leaves};
use crate::torrents::Torrent;

/// What the client of this program lists when the listing is that.
async fn listed(sample: Sample, listing: Reply) -> Result<Vec<Transfer>, SourceError> {
    let wire = Wire::start(move |request| sample.answer(request, listing.clone())).await;
    fake_client(sample.kind, &wire).list().await
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[tokio::test]
async fn the_samples_are_whole() {
    for sample in SAMPLES {
        let list = listed(*sample, Reply::json(sample.listing)).await.unwrap();
        assert_eq!(list.len(), 2, "{sample:?}");
    }
}

fn faults(sample: Sample) -> Vec<(&'static str, Reply)> {
    let whole = || Reply::json(sample.listing);
    vec![
        ("cut", whole().cut(40)),
        ("short", whole().claim(40)),
        ("never ends", Reply::json(vec![b' '; 1 << 16]).endless()),
        ("a web page", Reply::html("<html>login</html>")),
        ("a web page that lies", Reply::json("<!doctype html>")),
        ("garbage", Reply::json("\u{0}{{[")),
        ("deep", Reply::json("[".repeat(1 << 20))),
        ("gzip garbage", Reply::json("no gzip").header("content-encoding", "gzip")),
        ("closed", Reply::close()),
        ("redirected", Reply::redirect("http://127.0.0.1:1/login")),
        ("401", Reply::status(401)),
        ("403", Reply::status(403)),
        ("404", Reply::status(404)),
        ("409", Reply::status(409)),
        ("429", Reply::status(429).header("retry-after", "0")),
        ("500", Reply::status(500)),
        ("204", Reply::status(204)),
        ("null", Reply::json("null")),
        ("an empty object", Reply::json("{}")),
        ("a text", Reply::json(r#""Ok.""#)),
        ("a number", Reply::json("7")),
        ("not objects", Reply::json("[1,null,[]]")),
        ("nameless", Reply::json(r#"[{"name":"x"}]"#)),
        ("success without anything", Reply::json(r#"{"result":"success"}"#)),
        ("status without anything", Reply::json(r#"{"status":true}"#)),
        ("a refusal", Reply::json(r#"{"result":null,"error":{"message":"no","code":1}}"#)),
    ]
}

#[tokio::test]
async fn no_fault_is_an_empty_client() {
    let mut all = JoinSet::new();
    for sample in SAMPLES {
        for (name, fault) in faults(*sample) {
            all.spawn(async move {
                let answer = ClientAnswer::from(listed(*sample, fault).await);
                let known = matches!(answer, ClientAnswer::Answered(_));
                assert!(!known, "{:?} {name}: {answer:?}", sample.kind);
            });
        }
    }
    all.join_all().await;
}

/// Everything that a client can be asked, with whatever comes of it.
async fn everything(client: &dyn DownloadClient, new: &NewTransfer) {
    let id = TransferId::new("0123456789abcdef0123456789abcdef01234567").unwrap();
    let _ = client.test().await;
    let _ = client.files(&id).await;
    let _ = client.pause(&id).await;
    let _ = client.resume(&id).await;
    let _ = client.set_label(&id, Some("films")).await;
    let _ = client.set_label(&id, None).await;
    let _ = client.retry(&id).await;
    let _ = client.remove(&id, true).await;
    let _ = client.add(new).await;
}

#[tokio::test]
async fn no_order_survives_a_server_that_is_broken() {
    let torrent = Torrent::new("Heat.1995", 10).payload().await;
    let mut all = JoinSet::new();
    for sample in SAMPLES {
        let mut new = NewTransfer::new(torrent.clone());
        if sample.kind.is_usenet() {
            new.payload.content = Content::Nzb(b"<nzb/>".to_vec());
        }
        // To run into the limit on sizes once is enough.
        let faults = faults(*sample).into_iter().filter(|(name, _)| *name != "never ends");
        for (name, fault) in faults {
            let new = new.clone();
            all.spawn(async move {
                let wire = Wire::start(move |_| fault.clone()).await;
                let client = fake_client(sample.kind, &wire);
                everything(&*client, &new).await;
                let added = client.add(&new).await;
                assert!(added.is_err(), "{:?} {name}: {added:?}", sample.kind);
            });
        }
    }
    let ended = tokio::time::timeout(Duration::from_secs(120), all.join_all());
    ended.await.expect("some order never ended");
}

/// What stands in an answer where something else should.
fn nonsense() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!("")),
        Just(json!("NaN")),
        Just(json!("-9223372036854775808")),
        Just(json!("x".repeat(1 << 20))),
        ".{0,40}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[1], { "a": null }])),
    ]
}

fn check(transfer: &Transfer) {
    let within = |text: &Option<String>, max| text.as_ref().is_none_or(|t| t.len() <= max);
    assert!(!transfer.id.as_str().is_empty() && transfer.id.as_str().len() <= 128);
    assert!(!transfer.name.is_empty() && transfer.name.len() <= MAX_TITLE.max(128));
    assert!((0.0..=1.0).contains(&transfer.progress.fraction()));
    assert!(transfer.ratio.is_none_or(|ratio| (0.0..=1e6).contains(&ratio)));
    assert!(within(&transfer.content_path, MAX_PATH) && within(&transfer.label, 256));
    assert!(within(&transfer.error, MAX_TITLE) && within(&transfer.save_path, MAX_PATH));
    assert!(transfer.state.to_string().len() <= 80);
    assert!(transfer.finished <= (transfer.left_bytes.unwrap_or(0) == 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Bytes that are no answer.
    #[test]
    fn any_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for sample in SAMPLES {
            let answer = block_on(listed(*sample, Reply::json(bytes.clone())));
            prop_assert!(answer.is_err(), "{:?}", sample.kind);
        }
    }

    /// A field that makes no sense costs that field, or the whole answer; never a transfer.
    #[test]
    fn no_field_hides_a_transfer(at: Index, value in nonsense()) {
        for sample in SAMPLES {
            let mut body: Value = serde_json::from_str(sample.listing).unwrap();
            let mut found = Vec::new();
            leaves(body.pointer(sample.entries).unwrap(), sample.entries, &mut found);
            let field: &String = at.get(&found);
            *body.pointer_mut(field).unwrap() = value.clone();
            let list = block_on(listed(*sample, Reply::json(body.to_string())));
            if let Ok(list) = list {
                prop_assert_eq!(list.len(), 2, "{:?} {}", sample.kind, field);
                list.iter().for_each(check);
            }
        }
    }

    /// A byte that was flipped, and an end that is missing.
    #[test]
    fn no_broken_byte_hides_a_transfer(at: Index, byte: u8, cut in any::<bool>()) {
        for sample in SAMPLES {
            let mut body = sample.listing.as_bytes().to_vec();
            let at = at.index(body.len());
            body[at] = byte;
            if cut {
                body.truncate(at);
            }
            if let Ok(list) = block_on(listed(*sample, Reply::json(body))) {
                prop_assert_eq!(list.len(), 2, "{:?}", sample.kind);
                list.iter().for_each(check);
            }
        }
    }
}

fn read(given: Given) -> Result<Payload, SourceError> {
    block_on(PayloadReader::default().read(given))
}

fn file(bytes: Vec<u8>) -> Given {
    Given::File { name: "upload.torrent".into(), bytes }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Files and links that are none.
    #[test]
    fn any_payload_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(file(bytes.clone())).is_err());
        let text = String::from_utf8_lossy(&bytes);
        let magnet = format!("magnet:?xt=urn:btih:{text}");
        prop_assert!(read(Given::Link(magnet.into())).is_err());
        // A torrent and an NZB that begin well.
        for start in [&b"d4:infod"[..], b"<nzb><file><segments><segment>"] {
            let _ = read(file([start, &bytes].concat()));
        }
    }

    /// A torrent of which a byte was flipped is none, or another one with a name and an id.
    #[test]
    fn a_broken_torrent_is_none_or_another_one(at: Index, byte: u8) {
        let mut bytes = Torrent::new("Heat.1995", 40_000).bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(payload) = read(file(bytes)) {
            prop_assert!(!payload.name.is_empty() && payload.ids.iter().all(|id| id.as_str().len() == 40));
        }
    }
}
