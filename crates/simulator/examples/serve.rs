//! A simulated server as a process of its own, for benchmarks and tests of the binary. It prints
//! one line of JSON with its address and token, then serves until it is ended. The calls below
//! `/_sim/` change what it shows.
//!
//! ```text
//! cargo run --release -p shelfread-simulator --example serve -- --shows 1000 --episodes 100000
//! ```

use std::io::{self, Write};

use clap::{Parser, ValueEnum};
use shelfread_simulator::{Jellyfin, Size, World};

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Jellyfin,
    Emby,
}

/// Serves a simulated world.
#[derive(Parser)]
struct Arguments {
    /// The product to play.
    #[arg(long, value_enum, default_value = "jellyfin")]
    kind: Kind,
    /// Its version; the newest known when not given.
    #[arg(long)]
    version: Option<String>,
    /// The path under which it lives.
    #[arg(long, default_value = "")]
    base: String,
    /// The name of the server; its id and token are made of it.
    #[arg(long, default_value = "den")]
    name: String,
    /// How many films.
    #[arg(long, default_value_t = 0)]
    films: u64,
    /// How many shows.
    #[arg(long, default_value_t = 0)]
    shows: u64,
    /// How many files with episodes, spread over the shows.
    #[arg(long, default_value_t = 0)]
    episodes: u64,
    /// Which world of that size.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The port; any free one when not given.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let a = Arguments::parse();
    let size = Size { films: a.films, shows: a.shows, episodes: a.episodes };
    let world = World::generate(a.seed, size);
    let server = match a.kind {
        Kind::Jellyfin => Jellyfin::new(&world),
        Kind::Emby => Jellyfin::emby(&world),
    };
    let server = server.base(&a.base).name(&a.name).port(a.port);
    let server = match &a.version {
        Some(version) => server.version(version),
        None => server,
    };
    let running = server.start().await?;
    let line = serde_json::json!({
        "url": running.url(),
        "token": running.token(),
        "total": world.census().total(),
    });
    writeln!(io::stdout(), "{line}")?;
    io::stdout().flush()?;
    std::future::pending().await
}
