//! Download clients and the queue.

use reqwest::Method;
use serde_json::json;
use shelfread_domain::download::{ClientKind, TransferState};

use super::{fine, refused};
use crate::desk::{Desk, both, said};

both!(
    a_client_is_added_changed_and_forgotten,
    things_are_given_to_a_client_and_ordered,
    a_file_is_uploaded,
    what_is_not_there_and_makes_no_sense,
);

const TORRENT: &[u8] = b"torrent dbc6a19a11fc1584000912f2f5031106a6fe2537";
const MAGNET: &str =
    "magnet:?xt=urn:btih:dbc6a19a11fc1584000912f2f5031106a6fe2537&dn=Heat.1995.1080p";

async fn a_client_is_added_changed_and_forgotten(desk: Desk) {
    desk.program("box", ClientKind::Transmission);
    let secret = "pa55word";
    let body = json!({ "name": "box", "kind": "transmission", "url": "http://box:9091",
                       "username": "anna", "password": secret });
    let added = desk.post("/api/v1/clients", &body).await;
    assert_eq!((added.status.as_u16(), added.header("location")), (201, "/api/v1/clients/box"));
    assert!(!added.text.contains(secret), "{added:?}");
    refused(&desk.post("/api/v1/clients", &body).await, 409, "taken");
    let all = fine(&desk.get("/api/v1/clients").await);
    assert_eq!(all["clients"][0], fine(&desk.get("/api/v1/clients/box").await));
    assert_eq!(all["clients"][0]["settings"]["username"], "anna");
    let tested = fine(&desk.order("/api/v1/clients/box/test").await);
    assert_eq!((&tested["client"], &tested["kind"]), (&json!("box"), &json!("transmission")));
    let off = fine(&desk.patch("/api/v1/clients/box", &json!({ "enabled": false })).await);
    assert_eq!(off["enabled"], false);
    refused(&desk.patch("/api/v1/clients/box", &json!({ "kind": "deluge" })).await, 422, "invalid");
    assert_eq!(fine(&desk.delete("/api/v1/clients/box").await)["downloads"], 0);
    refused(&desk.delete("/api/v1/clients/box").await, 404, "not-found");
    refused(&desk.get("/api/v1/clients/box").await, 404, "not-found");
}

async fn things_are_given_to_a_client_and_ordered(desk: Desk) {
    let program = desk.program_added("box", ClientKind::Transmission).await;
    let added = desk.post("/api/v1/downloads", &json!({ "link": MAGNET })).await;
    assert_eq!(added.status.as_u16(), 201, "{added:?}");
    let download = added.json()["download"].clone();
    assert_eq!((&download["did"], &download["client"]), (&json!("added"), &json!("box")));
    let twice =
        fine(&desk.post("/api/v1/downloads", &json!({ "link": MAGNET, "client": "box" })).await);
    assert_eq!(
        (&twice["download"]["id"], &twice["download"]["did"]),
        (&download["id"], &json!("reused"))
    );
    let queue = fine(&desk.get("/api/v1/downloads?client=box").await);
    assert_eq!((queue["downloads"].as_array().unwrap().len(), &queue["away"]), (1, &json!([])));
    let path = format!("/api/v1/downloads/{}", download["id"].as_str().unwrap());
    for (verb, did) in [("pause", "paused"), ("resume", "resumed"), ("retry", "not_failed")] {
        let done = fine(&desk.order(&format!("{path}/{verb}")).await);
        assert_eq!(done["download"]["did"], did);
    }
    let gone = fine(&desk.delete(&format!("{path}?keep_data=true")).await);
    assert_eq!(gone["download"]["did"], "cancelled");
    assert_eq!(fine(&desk.delete(&path).await)["download"]["did"], "gone");
    assert!(program.now().is_empty());
    program.has("dbc6a19a11fc1584000912f2f5031106a6fe2537", "Heat", TransferState::Downloading);
}

async fn a_file_is_uploaded(desk: Desk) {
    desk.program_added("box", ClientKind::Transmission).await;
    let send = async |parts: &[(&str, Option<&str>, &[u8])]| {
        let mut body = Vec::new();
        for (name, file, bytes) in parts {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            let head =
                format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--cut--\r\n");
        let request = desk.request(Method::POST, "/api/v1/downloads/file");
        said(request.header("content-type", "multipart/form-data; boundary=cut").body(body)).await
    };
    let file = ("file", Some("heat.torrent"), TORRENT);
    let added = send(&[file, ("paused", None, b"true")]).await;
    assert_eq!(added.status.as_u16(), 201, "{added:?}");
    assert_eq!(added.json()["download"]["client"], "box");
    refused(&send(&[("client", None, b"box")]).await, 422, "invalid");
    refused(&send(&[file, ("colour", None, b"red")]).await, 422, "invalid");
    refused(&send(&[("file", Some("x.torrent"), b"nonsense")]).await, 422, "invalid");
    refused(&send(&[("client", None, &[b'x'; 5_000])]).await, 413, "too-large");
    let odd = desk.post("/api/v1/downloads/file", &json!({})).await;
    refused(&odd, 415, "unsupported-media-type");
}

async fn what_is_not_there_and_makes_no_sense(desk: Desk) {
    refused(&desk.post("/api/v1/downloads", &json!({ "link": MAGNET })).await, 422, "invalid");
    desk.program_added("box", ClientKind::Transmission).await;
    for body in [json!({}), json!({ "link": "nonsense" }), json!({ "link": MAGNET, "colour": 1 })] {
        refused(&desk.post("/api/v1/downloads", &body).await, 422, "invalid");
    }
    let nobody = json!({ "link": MAGNET, "client": "nobody" });
    refused(&desk.post("/api/v1/downloads", &nobody).await, 404, "not-found");
    for verb in ["pause", "resume", "retry"] {
        let said = desk.order(&format!("/api/v1/downloads/{}/{verb}", super::NOBODY)).await;
        refused(&said, 404, "not-found");
    }
    refused(&desk.delete("/api/v1/downloads/nothing").await, 404, "not-found");
    refused(&desk.get("/api/v1/downloads?after=odd").await, 422, "invalid");
    refused(&desk.get("/api/v1/downloads?client=nobody").await, 404, "not-found");
    let odd = json!({ "name": "other", "kind": "transmission" });
    refused(&desk.post("/api/v1/clients", &odd).await, 422, "invalid");
    refused(&desk.post("/api/v1/clients", &json!({ "name": "box2" })).await, 422, "invalid");
}
