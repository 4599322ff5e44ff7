//! The contract of the port, as every adapter keeps it.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use shelfread_backends_http::Retries;
use shelfread_backends_plex::{Plex, PlexConfig};
use shelfread_domain::port::MediaSource;
use shelfread_simulator::{Size, World};
use shelfread_testkit::conformance::{Subject, check, check_lies};
use url::Url;

#[tokio::test]
async fn plex_keeps_the_contract() {
    let make = |url: Url, token: SecretString| -> Arc<dyn MediaSource> {
        let mut config = PlexConfig::new(url.as_str(), token).unwrap();
        let pause = Duration::from_millis(1);
        config.http.retries = Retries { count: 1, first_pause: pause, longest_pause: pause };
        config.http.timeouts.idle = Duration::from_millis(300);
        config.http.max_body = 1 << 20;
        config.page_size = 4;
        Arc::new(Plex::new(config).unwrap())
    };
    let world = World::generate(1, Size { films: 6, shows: 2, episodes: 12 });
    let server = shelfread_simulator::Plex::new(&world).start().await.unwrap();
    let subject = Subject { make: &make, url: server.url(), token: server.token().to_owned() };
    check(&subject).await;
    check_lies(&subject, &server).await;
}
