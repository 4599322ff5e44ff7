//! Addresses in Plex's own web interface.

use url::Url;

/// The address of an item in the web interface that the server itself delivers. `base` is the
/// address of the server, `server_id` its machineIdentifier, `remote_id` the item's rating key.
///
/// ```
/// let base = "http://den:32400/plex".parse().unwrap();
/// assert_eq!(
///     shelfread_backends_plex::web_url(&base, "abc", "22").as_str(),
///     "http://den:32400/plex/web/index.html#!/server/abc/details?key=%2Flibrary%2Fmetadata%2F22",
/// );
/// ```
pub fn web_url(base: &Url, server_id: &str, remote_id: &str) -> Url {
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let mut url = base.clone();
    url.set_query(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["web", "index.html"]);
    }
    let key = encoded(&format!("/library/metadata/{remote_id}"));
    url.set_fragment(Some(&format!("!/server/{}/details?key={key}", encoded(server_id))));
    url
}
