//! Addresses in the programs' own web interfaces.

use shelfread_domain::{ExternalId, Provider};
use url::Url;

use crate::Program;

/// The address of a series or a movie in the web interface, by the external ids of the show or
/// movie; `None` without the id that the program goes by. `base` is its address with its URL base.
///
/// Radarr's pages are named by the TMDB id. Sonarr's are named by a slug that TheTVDB makes up and
/// Sonarr tells of each series. Where it is not known, the address is that of its search by the TVDB
/// id, which shows that one series and leads on to its page.
///
/// ```
/// use shelfread_backends_arr::{Program, web_url};
/// use shelfread_domain::ExternalId;
///
/// let base = "http://den:8989/sonarr".parse().unwrap();
/// let ids = [ExternalId::parse("tvdb", "334824").unwrap()];
/// assert_eq!(
///     web_url(Program::Sonarr, &base, &ids, Some("dark")).unwrap().as_str(),
///     "http://den:8989/sonarr/series/dark",
/// );
/// assert_eq!(
///     web_url(Program::Sonarr, &base, &ids, None).unwrap().as_str(),
///     "http://den:8989/sonarr/add/new?term=tvdb%3A334824",
/// );
/// ```
pub fn web_url(
    program: Program,
    base: &Url,
    ids: &[ExternalId],
    slug: Option<&str>,
) -> Option<Url> {
    let id = |provider| ids.iter().find(|id| id.provider == provider).map(ExternalId::value);
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    match (program, slug) {
        (Program::Sonarr, Some(slug)) => {
            url.path_segments_mut().ok()?.pop_if_empty().extend(["series", slug]);
        }
        (Program::Sonarr, None) => {
            let term = format!("tvdb:{}", id(Provider::Tvdb)?);
            url.path_segments_mut().ok()?.pop_if_empty().extend(["add", "new"]);
            url.query_pairs_mut().append_pair("term", &term);
        }
        (Program::Radarr, _) => {
            let id = id(Provider::Tmdb)?;
            url.path_segments_mut().ok()?.pop_if_empty().extend(["movie", id]);
        }
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_behind_the_url_base() {
        let ids: Vec<_> = [("imdb", "tt0113277"), ("tmdb", "949")]
            .into_iter()
            .filter_map(|(provider, id)| ExternalId::parse(provider, id))
            .collect();
        let url = |base: &str| {
            web_url(Program::Radarr, &base.parse().unwrap(), &ids, None).unwrap().to_string()
        };
        assert_eq!(url("http://den:7878"), "http://den:7878/movie/949");
        assert_eq!(url("http://den/radarr/?x#y"), "http://den/radarr/movie/949");
        let base = "http://den:8989".parse().unwrap();
        assert_eq!(web_url(Program::Sonarr, &base, &ids, None), None);
        let hostile = web_url(Program::Sonarr, &base, &ids, Some("../a?b#c/d")).unwrap();
        assert_eq!(hostile.as_str(), "http://den:8989/series/..%2Fa%3Fb%23c%2Fd");
    }
}
