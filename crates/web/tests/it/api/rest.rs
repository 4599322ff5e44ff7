//! Events, viewers, the doctor, and the document with its page.

use serde_json::json;
use shelfread_domain::SourceKind;
use shelfread_domain::port::{LibraryKind, ServerIdentity, Viewer};

use super::{fine, refused};
use crate::desk::{Desk, both};

both!(
    events_are_listed,
    viewers_are_joined_and_parted,
    the_doctor_examines_and_mends,
    the_document_and_its_page
);

async fn events_are_listed(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let all = fine(&desk.get("/api/v1/events").await);
    let event = &all["events"][0];
    assert_eq!((&event["kind"], &event["data"]["source"]), (&json!("run.finished"), &json!("den")));
    for (query, found) in [
        ("kind=run", 1),
        ("kind=item.removed", 0),
        ("source=den", 1),
        ("client=box", 0),
        ("since=2020-01-01T00:00:00Z", 1),
        ("since=2100-01-01T00:00:00Z", 0),
        ("before=1", 0),
        ("after=0&limit=1", 1),
    ] {
        let page = fine(&desk.get(&format!("/api/v1/events?{query}")).await);
        assert_eq!(page["events"].as_array().unwrap().len(), found, "{query}");
    }
    for query in ["since=soon", "item=odd", "limit=0", "before=x"] {
        refused(&desk.get(&format!("/api/v1/events?{query}")).await, 422, "invalid");
    }
}

async fn viewers_are_joined_and_parted(desk: Desk) {
    for name in ["den", "attic"] {
        let source = desk.source(name, SourceKind::Jellyfin).await;
        source.inner().identifies(Ok(ServerIdentity {
            server_id: name.to_owned(),
            name: name.to_owned(),
            version: "1".to_owned(),
            viewer: Some(Viewer { remote_user: "1".to_owned(), name: "anna".to_owned() }),
        }));
        source.inner().lists("1", LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1");
    }
    desk.synced().await;
    shelfread_testkit::until(super::PATIENCE, || async {
        fine(&desk.get("/api/v1/runs/running").await)["runs"] == json!([])
    })
    .await;
    let all = fine(&desk.get("/api/v1/viewers").await);
    assert_eq!(all["viewers"].as_array().unwrap().len(), 2);
    let both = json!({ "viewers": ["anna@den", "anna@attic"] });
    let joined = fine(&desk.post("/api/v1/viewers/join", &both).await);
    assert_eq!(joined["viewers"][0]["person_id"], joined["viewers"][1]["person_id"]);
    let parted = fine(&desk.post("/api/v1/viewers/part", &both).await);
    assert_eq!(parted["viewers"][0]["person_id"], json!(null));
    for names in [json!(["anna@den"]), json!(["nobody@den", "anna@den"])] {
        let said = desk.post("/api/v1/viewers/join", &json!({ "viewers": names })).await;
        refused(&said, 422, "invalid");
    }
}

async fn the_doctor_examines_and_mends(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let found = fine(&desk.get("/api/v1/doctor").await);
    assert_eq!((&found["findings"], &found["connections"]), (&json!([]), &json!([])));
    let asked = fine(&desk.get("/api/v1/doctor?connections=true").await);
    assert_eq!(asked["connections"][0]["source"], "den");
    let mended = fine(&desk.order("/api/v1/doctor/repair").await);
    assert_eq!((&mended["findings"], &mended["mended"]), (&json!([]), &json!([])));
    refused(&desk.get("/api/v1/doctor?connections=perhaps").await, 422, "invalid");
}

async fn the_document_and_its_page(desk: Desk) {
    let document = fine(&desk.get("/api/openapi.json").await);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{document}");
    assert!(document["paths"]["/api/v1/sync"]["post"].is_object());
    let page = desk.get("/api/docs/").await;
    assert!(page.text.contains("swagger-ui"), "{page:?}");
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    for name in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let file = desk.get(&format!("/api/docs/{name}")).await;
        assert!(file.status.is_success() && file.text.len() > 100, "{name}");
    }
    let script = desk.get("/api/docs/swagger-initializer.js").await.text;
    assert!(script.contains("/api/openapi.json") && !script.contains("https://"), "{script}");
    assert_eq!(desk.get("/api/docs/nothing.js").await.status.as_u16(), 404);
    assert_eq!(desk.get("/api/docs").await.status.as_u16(), 308);
}
