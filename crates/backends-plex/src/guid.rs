//! External ids in the two forms that Plex writes: the list `Guid[]` of the new agents
//! (`tmdb://949`) and the single `guid` of the old ones (`com.plexapp.agents.imdb://tt0113277?lang=en`).

use shelfread_domain::{ExternalId, ItemKind, Provider};

/// The external ids of an item. What old agents say of a season or an episode is the id of its
/// show with numbers behind it, and so no id of its own.
pub fn external_ids<'a>(
    kind: ItemKind,
    list: impl Iterator<Item = &'a str>,
    guid: Option<&str>,
) -> Vec<ExternalId> {
    let legacy = guid.filter(|_| kind.is_top()).and_then(legacy);
    list.filter_map(listed).chain(legacy).collect()
}

/// `imdb://tt0113277`
fn listed(guid: &str) -> Option<ExternalId> {
    let (provider, value) = guid.split_once("://")?;
    ExternalId::parse(provider, value)
}

/// `com.plexapp.agents.thetvdb://268592?lang=en`, `…hama://anidb-69?lang=en`; `None` for
/// `plex://`, `local://` and everything else that is nobody else's id.
fn legacy(guid: &str) -> Option<ExternalId> {
    let (scheme, rest) = guid.split_once("://")?;
    let agent = scheme.strip_prefix("com.plexapp.agents.")?;
    let value = rest.split(['?', '/']).next()?;
    let named = || {
        let (provider, value) = value.split_once('-')?;
        ExternalId::parse(provider.trim_end_matches(|c: char| c.is_ascii_digit()), value)
    };
    let imdb = || ExternalId::new(Provider::Imdb, value);
    ExternalId::parse(agent, value).or_else(named).or_else(imdb)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(kind: ItemKind, list: &[&str], guid: &str) -> String {
        let ids = external_ids(kind, list.iter().copied(), Some(guid));
        ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn new_agents_list_their_ids() {
        let list =
            ["imdb://tt0113277", "tmdb://949", "tvdb://0", "plex://x", "tmdb", "", "tmdb://"];
        let guid = "plex://movie/5d7768257228e5001f1dccd2";
        assert_eq!(ids(ItemKind::Movie, &list, guid), "imdb tt0113277, tmdb 949");
    }

    #[test]
    fn old_agents_name_one() {
        for (guid, id) in [
            ("com.plexapp.agents.imdb://tt1254207?lang=en", "imdb tt1254207"),
            ("com.plexapp.agents.themoviedb://949?lang=de", "tmdb 949"),
            ("com.plexapp.agents.thetvdb://268592?lang=en", "tvdb 268592"),
            ("com.plexapp.agents.hama://anidb-69?lang=en", "anidb 69"),
            ("com.plexapp.agents.hama://tvdb4-81189?lang=en", "tvdb 81189"),
            ("com.plexapp.agents.xbmcnfo://tt0113277?lang=en", "imdb tt0113277"),
            ("com.plexapp.agents.none://8a730d03-e7a5?lang=xn", ""),
            ("local://43", ""),
            ("plex://show/5d9c086c46115600200aa2fe", ""),
            ("com.plexapp.agents.imdb://", ""),
            ("://", ""),
        ] {
            assert_eq!(ids(ItemKind::Show, &[], guid), id, "{guid}");
        }
    }

    #[test]
    fn an_old_agent_has_no_ids_of_episodes() {
        let guid = "com.plexapp.agents.thetvdb://268592/1/1?lang=en";
        assert_eq!(ids(ItemKind::Episode, &[], guid), "");
        assert_eq!(ids(ItemKind::Episode, &["tvdb://4823021"], guid), "tvdb 4823021");
    }
}
