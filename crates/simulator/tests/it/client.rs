//! A plain HTTP client that knows nothing of the simulator.

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use shelfread_simulator::{Jellyfin, Running, Size, World};

/// 40 films; 20 shows with 300 files, so all forms of shows are there.
pub const SIZE: Size = Size { films: 40, shows: 20, episodes: 300 };

pub fn http() -> Client {
    // Fails when another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

pub struct Api {
    pub http: Client,
    pub server: Running,
    pub emby: bool,
}

impl Api {
    pub async fn jellyfin(world: &World) -> Self {
        Self { http: http(), server: Jellyfin::new(world).start().await.unwrap(), emby: false }
    }

    pub async fn emby(world: &World) -> Self {
        Self { http: http(), server: Jellyfin::emby(world).start().await.unwrap(), emby: true }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let base = self.server.url();
        let url = format!("{}{path}", base.as_str().trim_end_matches('/'));
        let request = self.http.request(method, url);
        let token = self.server.token();
        if self.emby {
            return request.header("x-emby-token", token);
        }
        request.header("authorization", format!("MediaBrowser Token=\"{token}\", Client=\"t\""))
    }

    pub async fn get(&self, path: &str) -> Value {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub async fn status(&self, path: &str) -> StatusCode {
        self.request(Method::GET, path).send().await.unwrap().status()
    }

    /// The names of the items of a list.
    pub async fn names(&self, path: &str) -> Vec<String> {
        let list = self.get(path).await;
        let items = list["Items"].as_array().unwrap();
        items.iter().map(|i| i["Name"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn total(&self, path: &str) -> u64 {
        self.get(path).await["TotalRecordCount"].as_u64().unwrap()
    }

    pub async fn sim(&self, command: &str) -> Value {
        let root = self.server.url().join("/_sim/").unwrap();
        let response = self.http.post(root.join(command).unwrap()).send().await.unwrap();
        assert_eq!(response.status(), 200, "{command}");
        response.json().await.unwrap()
    }
}
