//! Wiring of posters: pictures from hosts that a person allowed, which get no credentials.

use async_trait::async_trait;
use shelfread_app::posters::FetchPicture;
use shelfread_backends_http::{Http, HttpConfig, picture};
use shelfread_domain::port::SourceError;
use url::Url;

/// Fetches from allowed hosts. A redirect to another host is not followed.
pub struct Outside;

#[async_trait]
impl FetchPicture for Outside {
    async fn picture(&self, address: &Url) -> Result<Vec<u8>, SourceError> {
        let mut address = address.clone();
        // An address of http(s) has a place for them, so this cannot fail.
        let _ = address.set_username("").and(address.set_password(None));
        let mut base = address.clone();
        base.set_path("/");
        base.set_query(None);
        picture(&Http::new(HttpConfig::new(base, "a host of pictures"))?, address.as_str()).await
    }
}
