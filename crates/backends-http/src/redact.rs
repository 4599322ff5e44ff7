//! Secrets that stay secret: URLs without them, for messages and logs, and marks that tell one from
//! another.

use secrecy::{ExposeSecret, SecretString};
use twox_hash::XxHash3_64;
use url::Url;

/// Query parameters that carry a secret, in lower case without `-` and `_`.
const SECRET: &[&str] = &[
    "apikey",
    "key",
    "token",
    "accesstoken",
    "authtoken",
    "xplextoken",
    "xembytoken",
    "xmediabrowsertoken",
    "password",
    "passwd",
    "pw",
    "secret",
    "sid",
];

/// The URL as people may see it: no user name and password, no fragment, the values of secret
/// query parameters (`api_key`, `X-Plex-Token`, `ApiKey` …) replaced by `…`.
///
/// ```
/// let url = "http://me:pw@den/Items?ApiKey=abc&limit=5".parse().unwrap();
/// assert_eq!(shelfread_backends_http::redact(&url), "http://den/Items?ApiKey=…&limit=5");
/// ```
pub fn redact(url: &Url) -> String {
    let mut clean = url.clone();
    // Only a URL without a host refuses these, and such a one has no credentials.
    let _ = clean.set_username("");
    let _ = clean.set_password(None);
    clean.set_fragment(None);
    clean.set_query(None);
    let mut text = clean.to_string();
    for (i, pair) in url.query().into_iter().flat_map(|q| q.split('&')).enumerate() {
        text.push(if i == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if is_secret(name) => {
                text.push_str(name);
                text.push_str("=…");
            }
            _ => text.push_str(pair),
        }
    }
    text
}

fn is_secret(name: &str) -> bool {
    let decoded = url::form_urlencoded::parse(name.as_bytes()).next();
    let name: String = decoded
        .iter()
        .flat_map(|(name, _)| name.chars())
        .filter(|c| !matches!(c, '-' | '_'))
        .collect();
    SECRET.contains(&name.to_ascii_lowercase().as_str())
}

/// A short mark that is equal for equal secrets. It keeps 32 bits, far less than a token has, so no
/// token can be told from it.
///
/// ```
/// use shelfread_backends_http::secret_mark;
///
/// assert_eq!(secret_mark(&"a".into()), secret_mark(&"a".into()));
/// assert_ne!(secret_mark(&"a".into()), secret_mark(&"b".into()));
/// ```
pub fn secret_mark(secret: &SecretString) -> String {
    format!("{:08x}", XxHash3_64::oneshot(secret.expose_secret().as_bytes()) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_a_token_is_shown() {
        for name in ["api_key", "apikey", "ApiKey", "X-Plex-Token", "x%2Dplex-token", "token"] {
            let url = format!("https://u:hunter2@h:1/p?a=1&{name}=hunter2&b#hunter2");
            let shown = redact(&url.parse().unwrap());
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.starts_with("https://h:1/p?a=1&") && shown.ends_with("&b"), "{shown}");
        }
    }
}
