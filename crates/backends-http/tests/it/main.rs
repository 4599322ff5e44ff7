//! The client against a server that behaves as badly as it likes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod bounds;
mod pictures;
mod redirects;
mod retries;
mod secrets;
mod tls;

use std::time::Duration;

use shelfread_backends_http::{Http, HttpConfig, Request, Retries, Timeouts};
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::Wire;

const TOKEN: &str = "hunter2";

/// A client of that server with a token, short patience and no retries.
fn config(wire: &Wire) -> HttpConfig {
    let mut config = HttpConfig::new(wire.url(), "Jellyfin");
    config.headers.push(("x-api-key", TOKEN.into()));
    config.timeouts = Timeouts {
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(300),
        total: Duration::from_secs(20),
    };
    config.retries = Retries {
        count: 0,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
    };
    config
}

fn http(wire: &Wire) -> Http {
    Http::new(config(wire)).unwrap()
}

fn patient(wire: &Wire, retries: u32) -> Http {
    let mut config = config(wire);
    config.retries.count = retries;
    Http::new(config).unwrap()
}

fn get() -> Request {
    Request::get(["items"])
}

async fn problem(http: &Http) -> Problem {
    http.json::<Vec<u32>>(&get()).await.unwrap_err().problem
}
