//! Users and tokens.

use serde_json::json;

use super::{fine, refused};
use crate::desk::{Desk, both};

both!(users_come_and_go, tokens_are_made_once_and_taken_back);

async fn users_come_and_go(desk: Desk) {
    let anna = json!({ "name": "anna", "role": "admin", "password": "correct horse" });
    let added = desk.post("/api/v1/users", &anna).await;
    assert_eq!((added.status.as_u16(), added.header("location")), (201, "/api/v1/users/anna"));
    assert!(!added.text.contains("correct horse"), "{added:?}");
    refused(&desk.post("/api/v1/users", &anna).await, 409, "taken");
    fine(&desk.post("/api/v1/users", &json!({ "name": "ben", "role": "reader" })).await);
    assert_eq!(fine(&desk.get("/api/v1/users").await)["users"].as_array().unwrap().len(), 2);
    let ben = json!({ "role": "admin", "password": "battery staple" });
    assert_eq!(fine(&desk.patch("/api/v1/users/ben", &ben).await)["role"], "admin");
    assert_eq!(desk.delete("/api/v1/users/anna").await.status.as_u16(), 204);
    refused(&desk.delete("/api/v1/users/anna").await, 404, "not-found");
    refused(&desk.patch("/api/v1/users/anna", &ben).await, 404, "not-found");
    refused(&desk.patch("/api/v1/users/anna", &json!({})).await, 404, "not-found");
    for body in [
        json!({ "name": "x", "role": "king" }),
        json!({ "role": "admin" }),
        json!({ "name": "", "role": "admin" }),
    ] {
        refused(&desk.post("/api/v1/users", &body).await, 422, "invalid");
    }
    refused(&desk.delete("/api/v1/users/ben").await, 422, "invalid");
}

async fn tokens_are_made_once_and_taken_back(desk: Desk) {
    let body = json!({ "name": "phone", "scope": "read", "days": 30 });
    let made = desk.post("/api/v1/tokens", &body).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"));
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let ask = async |path: &str| {
        let request = desk.ask(reqwest::Method::GET, path).bearer_auth(&token);
        crate::desk::said(request).await
    };
    assert_eq!(fine(&ask("/api/v1/me").await), json!({ "name": "phone", "scope": "read" }));
    refused(&ask("/api/v1/users").await, 403, "forbidden");
    let all = desk.get("/api/v1/tokens").await;
    assert!(!all.text.contains(&token), "{all:?}");
    refused(&desk.post("/api/v1/tokens", &body).await, 409, "taken");
    for body in [
        json!({ "name": "x", "scope": "all" }),
        json!({ "name": "x", "scope": "read", "days": -1 }),
        json!({ "name": "x", "scope": "read", "days": 99_999_999_999_u64 }),
    ] {
        refused(&desk.post("/api/v1/tokens", &body).await, 422, "invalid");
    }
    assert_eq!(desk.delete("/api/v1/tokens/phone").await.status.as_u16(), 204);
    refused(&desk.delete("/api/v1/tokens/phone").await, 404, "not-found");
    refused(&ask("/api/v1/me").await, 401, "unauthenticated");
}
