//! Changes that are wanted only of what somebody saw.

use reqwest::Method;
use serde_json::{Value, json};
use shelfread_domain::SourceKind;
use shelfread_domain::download::ClientKind;
use shelfread_domain::port::LibraryKind;

use super::{fine, refused};
use crate::desk::{Desk, Said, both, said};

both!(
    an_item_is_corrected_as_it_was_seen,
    a_source_is_changed_as_it_was_seen,
    a_client_is_changed_as_it_was_seen,
    of_many_who_saw_the_same_one_writes,
);

async fn tag(desk: &Desk, path: &str) -> String {
    desk.get(path).await.header("etag").to_owned()
}

async fn send(desk: &Desk, method: Method, path: &str, body: &Value, seen: &str) -> Said {
    let request = desk.request(method, path).header("content-type", "application/json");
    said(request.header("if-match", seen).body(body.to_string())).await
}

async fn an_item_is_corrected_as_it_was_seen(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    let item = format!("/api/v1/items/{}", desk.item("Alpha").await);
    let (overrides, settings) = (format!("{item}/overrides"), format!("{item}/settings"));
    let (year, on) = (json!({ "year": "2002" }), json!({ "auto_download": true }));
    let first = tag(&desk, &item).await;
    fine(&send(&desk, Method::PATCH, &overrides, &year, &first).await);
    for (method, path, body) in [
        (Method::PATCH, &overrides, &json!({ "year": "2003" })),
        (Method::PATCH, &settings, &on),
        (Method::DELETE, &format!("{overrides}/year"), &Value::Null),
    ] {
        refused(&send(&desk, method, path, body, &first).await, 412, "changed");
    }
    let seen = fine(&desk.get(&item).await);
    assert_eq!(
        (&seen["year"], &seen["settings"]),
        (&json!(2002), &Value::Null),
        "nothing was done"
    );
    let second = tag(&desk, &item).await;
    fine(&send(&desk, Method::PATCH, &settings, &on, &format!("{first}, {second}")).await);
    let third = tag(&desk, &item).await;
    fine(&send(&desk, Method::DELETE, &format!("{overrides}/year"), &Value::Null, &third).await);
    fine(&send(&desk, Method::PATCH, &settings, &on, "*").await);
    for odd in ["", "x", "\"\u{fc}\""] {
        refused(&send(&desk, Method::PATCH, &settings, &on, odd).await, 412, "changed");
    }
    let nobody = format!("/api/v1/items/{}/settings", super::NOBODY);
    refused(&send(&desk, Method::PATCH, &nobody, &on, "*").await, 404, "not-found");
}

async fn a_source_is_changed_as_it_was_seen(desk: Desk) {
    desk.source("den", SourceKind::Jellyfin).await;
    let path = "/api/v1/sources/den";
    let first = tag(&desk, path).await;
    fine(&send(&desk, Method::PATCH, path, &json!({ "priority": 7 }), &first).await);
    let again = send(&desk, Method::PATCH, path, &json!({ "priority": 8 }), &first).await;
    refused(&again, 412, "changed");
    assert!(again.json()["hint"].is_string(), "{again:?}");
    refused(&send(&desk, Method::DELETE, path, &Value::Null, &first).await, 412, "changed");
    assert_eq!(fine(&desk.get(path).await)["priority"], 7);
    let second = tag(&desk, path).await;
    fine(&send(&desk, Method::DELETE, path, &Value::Null, &second).await);
}

async fn a_client_is_changed_as_it_was_seen(desk: Desk) {
    desk.program_added("box", ClientKind::Transmission).await;
    let path = "/api/v1/clients/box";
    let first = tag(&desk, path).await;
    let (off, on) = (json!({ "enabled": false }), json!({ "enabled": true }));
    fine(&send(&desk, Method::PATCH, path, &off, &first).await);
    refused(
        &send(&desk, Method::PATCH, path, &json!({ "name": "crate" }), &first).await,
        412,
        "changed",
    );
    refused(&send(&desk, Method::DELETE, path, &Value::Null, &first).await, 412, "changed");
    fine(&desk.patch(path, &on).await);
    fine(&send(&desk, Method::DELETE, path, &Value::Null, &first).await);
}

async fn of_many_who_saw_the_same_one_writes(desk: Desk) {
    desk.den(LibraryKind::Movies, "movie a \"Alpha\" 2001 tmdb=1").await;
    desk.program_added("box", ClientKind::Transmission).await;
    let item = format!("/api/v1/items/{}", desk.item("Alpha").await);
    let year = |n: u32| json!({ "year": (1900 + n).to_string() });
    let url = |n: u32| json!({ "url": format!("http://box:{n}") });
    for (seen, path, body) in [
        (item.as_str(), format!("{item}/overrides"), &year as &dyn Fn(u32) -> Value),
        ("/api/v1/clients/box", "/api/v1/clients/box".to_owned(), &url),
    ] {
        let first = tag(&desk, seen).await;
        let bodies: Vec<_> = (1..=20).map(body).collect();
        let all = bodies.iter().map(|body| send(&desk, Method::PATCH, &path, body, &first));
        let said = futures::future::join_all(all).await;
        let count = |status| said.iter().filter(|said| said.status.as_u16() == status).count();
        assert_eq!((count(200), count(412)), (1, 19), "{path}");
    }
}
