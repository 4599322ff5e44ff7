//! A complete small adapter for a program that does not exist, and what it reads from it:
//!
//! ```sh
//! cargo run -p shelfread-testkit --example shoebox
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod adapter;
mod server;

use futures::TryStreamExt;
use shelfread_backends_http::HttpConfig;
use shelfread_domain::port::{Listed, MediaSource, Scope, SourceError};
use shelfread_testkit::wire::Wire;

#[tokio::main]
async fn main() -> Result<(), SourceError> {
    let wire = Wire::start(server::answer).await;
    let config = HttpConfig::new(wire.url(), "Shoebox");
    let shoebox = adapter::Shoebox::new(config, server::TOKEN.into(), 4)?;
    println!("{} answers", shoebox.identify().await?.name);
    for library in shoebox.libraries().await? {
        let mut steps = shoebox.list(&library, Scope::Full);
        while let Some(step) = steps.try_next().await? {
            match step {
                Listed::Page(page) => page.iter().for_each(|o| println!("  {}", o.label())),
                Listed::End(end) => println!("{}: complete: {}", library.name, end.complete),
                other => println!("  {other:?}"),
            }
        }
    }
    Ok(())
}
