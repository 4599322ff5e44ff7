//! Addresses in the servers' own web interfaces.

use url::{Url, form_urlencoded};

use crate::Flavour;

/// The address of an item in the web interface that the server itself delivers. `base` is the
/// address of the server with its path prefix, `server_id` its `Id`, `remote_id` the item's.
///
/// ```
/// use shelfread_backends_jellyfin::{Flavour, web_url};
///
/// let base = "http://den:8096/jellyfin".parse().unwrap();
/// assert_eq!(
///     web_url(Flavour::Jellyfin, &base, "abc", "22").as_str(),
///     "http://den:8096/jellyfin/web/#/details?id=22&serverId=abc",
/// );
/// assert_eq!(
///     web_url(Flavour::Emby, &base, "abc", "22").as_str(),
///     "http://den:8096/jellyfin/web/index.html#!/item?id=22&serverId=abc",
/// );
/// ```
pub fn web_url(flavour: Flavour, base: &Url, server_id: &str, remote_id: &str) -> Url {
    let (page, place) = match flavour {
        Flavour::Jellyfin => ("", "/details"),
        Flavour::Emby => ("index.html", "!/item"),
    };
    let mut url = base.clone();
    url.set_query(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["web", page]);
    }
    let object = form_urlencoded::Serializer::new(String::new())
        .append_pair("id", remote_id)
        .append_pair("serverId", server_id)
        .finish();
    url.set_fragment(Some(&format!("{place}?{object}")));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_and_stay_behind_the_prefix() {
        let url = |base: &str, id: &str| {
            web_url(Flavour::Jellyfin, &base.parse().unwrap(), "s", id).to_string()
        };
        assert_eq!(url("http://den:8096", "1"), "http://den:8096/web/#/details?id=1&serverId=s");
        assert_eq!(url("http://den/a/?x#y", "1"), "http://den/a/web/#/details?id=1&serverId=s");
        let hostile = url("http://den/a", "1&serverId=2#<script>/../");
        assert_eq!(
            hostile,
            "http://den/a/web/#/details?id=1%26serverId%3D2%23%3Cscript%3E%2F..%2F&serverId=s"
        );
    }
}
