//! Who may ask what, in which form, and what the servers say of themselves.

use reqwest::Method;
use serde_json::json;
use shelfread_simulator::{Jellyfin, World};

use crate::client::{Api, http};

#[tokio::test]
async fn anybody_may_know_who_answers() {
    let jellyfin = Api::jellyfin(&World::empty()).await;
    let url = jellyfin.server.url();
    let open = async |path: &str| http().get(url.join(path).unwrap()).send().await.unwrap();
    let info: serde_json::Value = open("/System/Info/Public").await.json().await.unwrap();
    assert_eq!(info["ProductName"], "Jellyfin Server");
    assert_eq!(info["Id"], jellyfin.server.server_id());
    assert_eq!(open("/health").await.text().await.unwrap(), "Healthy");
    assert_eq!(open("/system/ping").await.status(), 200);
    assert_eq!(open("/System/Info").await.status(), 401);

    let emby = Api::emby(&World::empty()).await;
    let info = emby.get("/emby/System/Info/Public").await;
    assert_eq!(info["LocalAddresses"], json!([]));
    assert!(info.get("ProductName").is_none());
    assert_ne!(emby.server.server_id(), "");
}

#[tokio::test]
async fn tokens_are_taken_in_the_right_form_only() {
    let world = World::empty();
    let old = Jellyfin::new(&world).version("10.10.3").start().await.unwrap();
    let new = Jellyfin::new(&world).version("12.0.0").start().await.unwrap();
    let emby = Jellyfin::emby(&world).start().await.unwrap();
    let forms = [
        ("authorization", "MediaBrowser Token=\"?\", Client=\"a\"", [200, 200, 401]),
        ("authorization", "Emby UserId=\"\", Token=\"?\"", [200, 401, 200]),
        ("x-emby-token", "?", [200, 401, 200]),
        ("x-mediabrowser-token", "?", [200, 401, 200]),
        ("authorization", "Bearer ?", [401, 401, 401]),
        ("authorization", "MediaBrowser Token=\"x?\"", [401, 401, 401]),
    ];
    for (name, value, expected) in forms {
        for (server, expected) in [&old, &new, &emby].into_iter().zip(expected) {
            let url = server.url().join("/System/Info").unwrap();
            let request = http().get(url).header(name, value.replace('?', server.token()));
            assert_eq!(request.send().await.unwrap().status(), expected, "{name}: {value}");
        }
    }
    let url = format!("{}System/Info?ApiKey={}", old.url(), old.token());
    assert_eq!(http().get(url).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn users_see_what_is_theirs() {
    let api = Api::jellyfin(&World::empty()).await;
    let users = api.get("/Users").await;
    assert_eq!((&users[0]["Name"], &users[1]["Name"]), (&json!("anna"), &json!("ben")));
    assert_eq!(users[0]["Policy"]["IsAdministrator"], json!(true));
    let (anna, ben) = (users[0]["Id"].as_str().unwrap(), users[1]["Id"].as_str().unwrap());
    assert_eq!(api.status("/Users/Me").await, 400);

    let token = api.server.user_token("ben").unwrap();
    let as_ben = async |path: &str| {
        let url = api.server.url().join(path).unwrap();
        let authorization = format!("MediaBrowser Token=\"{token}\"");
        let request = api.http.get(url).header("authorization", authorization);
        request.send().await.unwrap().status().as_u16()
    };
    for (path, expected) in [
        ("/Users/Me", 200),
        ("/Users", 403),
        ("/System/Info", 403),
        ("/Library/VirtualFolders", 403),
        ("/UserViews", 200),
        (&format!("/Users/{ben}"), 200),
        (&format!("/Users/{anna}"), 403),
        (&format!("/Items?recursive=true&userId={anna}"), 403),
        ("/Items?recursive=true", 200),
    ] {
        assert_eq!(as_ben(path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn libraries_are_listed_for_administrators_and_for_users() {
    let api = Api::jellyfin(&World::empty()).await;
    let folders = api.get("/Library/VirtualFolders").await;
    let kinds: Vec<_> = folders.as_array().unwrap().iter().map(|f| &f["CollectionType"]).collect();
    assert_eq!(kinds, ["movies", "tvshows", "music"]);
    assert_eq!(folders[1]["ItemId"], api.server.library_id(1));
    let anna = api.server.user_id("anna").unwrap();
    let views = api.get(&format!("/UserViews?userId={anna}")).await;
    assert_eq!(views["Items"][0]["Id"], folders[0]["ItemId"]);
    assert_eq!(api.status("/UserViews").await, 400);
    assert_eq!(api.status(&format!("/Users/{anna}/Views")).await, 404);

    let old = Jellyfin::new(&World::empty()).version("10.8.13").start().await.unwrap();
    let old = Api { server: old, ..api };
    assert_eq!(old.get(&format!("/Users/{anna}/Views")).await["TotalRecordCount"], 3);
    assert_eq!(old.status(&format!("/UserViews?userId={anna}")).await, 404);

    let emby = Api::emby(&World::empty()).await;
    let folders = emby.get("/Library/VirtualFolders/Query").await;
    assert_eq!(folders["Items"][0]["ItemId"], emby.server.library_id(0));
    assert_eq!(emby.status("/Library/VirtualFolders").await, 404);
}

#[tokio::test]
async fn a_server_lives_under_its_base_and_nowhere_else() {
    let server = Jellyfin::new(&World::empty()).base("/media/").start().await.unwrap();
    assert!(server.url().path() == "/media");
    let api = Api { http: http(), server, emby: false };
    assert_eq!(api.status("/System/Info").await, 200);
    let url = api.server.url().join("/System/Info/Public").unwrap();
    assert_eq!(http().get(url).send().await.unwrap().status(), 404);
    assert_eq!(api.request(Method::POST, "/System/Info").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn it_stops_and_comes_back_at_the_same_address() {
    let api = Api::jellyfin(&World::empty()).await;
    api.server.stop().await;
    let refused = api.request(Method::GET, "/System/Info").send().await;
    assert!(refused.unwrap_err().is_connect());
    api.server.restart().await.unwrap();
    assert_eq!(api.status("/System/Info").await, 200);
    assert_eq!(api.server.request_count(), 1);
}
