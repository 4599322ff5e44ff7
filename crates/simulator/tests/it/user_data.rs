//! Play state is written and read back, by the routes of each version.

use reqwest::Method;
use serde_json::json;
use shelfread_simulator::{Jellyfin, World};

use crate::client::{Api, http};

#[tokio::test]
async fn what_a_user_watched_is_theirs() {
    let world = World::empty();
    let heat = world.add_movie("Heat", 1995);
    let old = Jellyfin::new(&world).version("10.8.13").start().await.unwrap();
    let servers = [
        Api::jellyfin(&world).await,
        Api { http: http(), server: old, emby: false },
        Api::emby(&world).await,
    ];
    for (n, api) in servers.iter().enumerate() {
        let id = api.server.remote_id(heat).unwrap();
        let [anna, ben] = ["anna", "ben"].map(|name| api.server.user_id(name).unwrap());
        let (played, data) = if n == 0 {
            (
                format!("/UserPlayedItems/{id}?userId={ben}"),
                format!("/UserItems/{id}/UserData?userId={ben}"),
            )
        } else {
            (format!("/Users/{ben}/PlayedItems/{id}"), format!("/Users/{ben}/Items/{id}/UserData"))
        };
        let read = async |user: &str| {
            let list = api.get(&format!("/Items?recursive=true&userId={user}")).await;
            list["Items"][0]["UserData"].clone()
        };
        let write = async |method, path: &str, body: Option<serde_json::Value>| {
            let request = api.request(method, path);
            let request = if let Some(body) = body { request.json(&body) } else { request };
            assert_eq!(request.send().await.unwrap().status(), 200, "{path}");
        };
        write(Method::POST, &played, None).await;
        let state = read(&ben).await;
        assert_eq!((&state["Played"], &state["PlayCount"]), (&json!(true), &json!(1)));
        assert!(state["LastPlayedDate"].is_string());
        assert_eq!(read(&anna).await["Played"], false);
        write(Method::POST, &data, Some(json!({ "PlaybackPositionTicks": 600_000_000 }))).await;
        let state = read(&ben).await;
        assert_eq!(
            (&state["Played"], &state["PlaybackPositionTicks"]),
            (&json!(true), &json!(600_000_000))
        );
        write(Method::DELETE, &played, None).await;
        assert_eq!(read(&ben).await["PlayCount"], 0);
        assert_eq!(read(&ben).await.get("Key").is_some(), n < 2);
    }
}
