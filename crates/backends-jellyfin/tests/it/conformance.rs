//! The contract of the port, as every adapter keeps it.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use shelfread_backends_jellyfin::{Flavour, Jellyfin};
use shelfread_domain::port::MediaSource;
use shelfread_simulator::{Running, Size, World};
use shelfread_testkit::conformance::{Subject, check, check_lies};
use url::Url;

use crate::config;

fn world() -> World {
    World::generate(1, Size { films: 6, shows: 2, episodes: 12 })
}

async fn conforms(server: &Running, flavour: Flavour) {
    let make = |url: Url, token: SecretString| -> Arc<dyn MediaSource> {
        let mut config = config(flavour, url.as_str(), "replaced");
        config.token = token;
        config.page_size = 4;
        config.http.timeouts.idle = Duration::from_millis(300);
        config.http.retries.count = 1;
        Arc::new(Jellyfin::new(config).unwrap())
    };
    let subject = Subject { make: &make, url: server.url(), token: server.token().to_owned() };
    check(&subject).await;
    check_lies(&subject, server).await;
}

#[tokio::test]
async fn jellyfin_keeps_the_contract() {
    let server = shelfread_simulator::Jellyfin::new(&world()).start().await.unwrap();
    conforms(&server, Flavour::Jellyfin).await;
}

#[tokio::test]
async fn emby_keeps_the_contract() {
    let server = shelfread_simulator::Jellyfin::emby(&world()).start().await.unwrap();
    conforms(&server, Flavour::Emby).await;
}
