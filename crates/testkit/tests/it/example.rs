//! The example of an adapter keeps the contract.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use shelfread_backends_http::{HttpConfig, Retries};
use shelfread_domain::port::MediaSource;
use shelfread_testkit::conformance::{Subject, check};
use shelfread_testkit::wire::Wire;
use url::Url;

#[path = "../../examples/shoebox/adapter.rs"]
mod adapter;
#[path = "../../examples/shoebox/server.rs"]
mod server;

#[tokio::test]
async fn the_example_keeps_the_contract() {
    let wire = Wire::start(server::answer).await;
    let make = |url: Url, token: SecretString| -> Arc<dyn MediaSource> {
        let pause = Duration::from_millis(1);
        let mut config = HttpConfig::new(url, "Shoebox");
        config.retries = Retries { count: 1, first_pause: pause, longest_pause: pause };
        config.timeouts.idle = Duration::from_millis(300);
        config.max_body = 1 << 20;
        Arc::new(adapter::Shoebox::new(config, token, 3).unwrap())
    };
    let subject = Subject { make: &make, url: wire.url(), token: server::TOKEN.to_owned() };
    check(&subject).await;
}
