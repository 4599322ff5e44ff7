//! Pictures that a server names: fetched from the server itself, within narrow bounds.
//!
//! It deliberately does not know what a picture is; whoever shows the bytes looks at them.

use std::time::Duration;

use shelfread_domain::port::{Problem, SourceError};
use url::Url;

use crate::client::Http;
use crate::request::Request;

/// The largest picture, in bytes.
const MOST_BYTES: u64 = 8 << 20;
/// How long it may take, with another try.
const MOST_TIME: Duration = Duration::from_secs(15);

/// The bytes of a picture. `address` is as the server gave it: relative to its base URL, or
/// absolute and then at its origin.
///
/// # Errors
/// [`Problem::Configuration`] for an address at another origin, before anything is sent;
/// [`Problem::TooLarge`] over 8 MiB, [`Problem::Timeout`] after 15 seconds, otherwise as
/// [`Http::send`].
pub async fn picture(http: &Http, address: &str) -> Result<Vec<u8>, SourceError> {
    let url = below(http.base_url(), address).ok_or_else(|| {
        let problem = Problem::Malformed("what it names as a picture is no address".into());
        SourceError::new("fetching a picture", problem)
    })?;
    let request = Request::at(url).header("accept", "image/*");
    let request = request.most_retries(1).most_bytes(MOST_BYTES).most_time(MOST_TIME);
    Ok(http.send(&request).await?.body)
}

/// A relative address stays below the base, whether it begins with a slash or not.
fn below(base: &Url, address: &str) -> Option<Url> {
    if let Ok(absolute) = Url::parse(address) {
        return Some(absolute);
    }
    let mut folder = base.clone();
    if !folder.path().ends_with('/') {
        folder.set_path(&format!("{}/", base.path()));
    }
    folder.join(&format!("./{}", address.trim_start_matches('/'))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_below_the_base_or_whole() {
        for (base, address, expected) in [
            ("http://h", "Items/1/Images?tag=a", "http://h/Items/1/Images?tag=a"),
            ("http://h/jelly", "Items/1", "http://h/jelly/Items/1"),
            ("http://h/plex/", "/library/1/thumb/2", "http://h/plex/library/1/thumb/2"),
            ("http://h/a", "//evil.example/x", "http://h/a/evil.example/x"),
            ("http://h", "http:x", "http://x/"),
            ("http://h", "https://art.example/1.jpg", "https://art.example/1.jpg"),
        ] {
            assert_eq!(below(&base.parse().unwrap(), address).unwrap().as_str(), expected);
        }
    }
}
