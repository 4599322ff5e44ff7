//! What the port promises of the order of a listing, whatever the server makes of the order that
//! we ask for: the episodes of one show follow each other.

use std::collections::{BTreeMap, HashMap};

use shelfread_domain::text::title_key;
use shelfread_domain::{ExternalId, ItemKind, Observation, RemoteId};

/// Sees all observations of a listing, in pages.
#[derive(Default, Debug)]
pub(crate) struct Order {
    shows: HashMap<RemoteId, Show>,
    /// The first show of each title.
    titles: HashMap<String, RemoteId>,
    /// What hangs on shows that share their title, because servers sort episodes by it.
    held: BTreeMap<RemoteId, Vec<Observation>>,
}

#[derive(Default, Debug)]
struct Show {
    ids: Vec<ExternalId>,
    shares_title: bool,
}

impl Order {
    /// The observations of a page that can go on now.
    pub(crate) fn admit(&mut self, page: Vec<Observation>) -> Vec<Observation> {
        let mut admitted = Vec::with_capacity(page.len());
        for mut observation in page {
            if observation.kind == ItemKind::Show {
                self.meet(&observation);
            }
            match self.show_of(&mut observation) {
                Some(show) => self.held.entry(show).or_default().push(observation),
                None => admitted.push(observation),
            }
        }
        admitted
    }

    /// What was held back, one show after the other.
    pub(crate) fn release(&mut self) -> impl Iterator<Item = Vec<Observation>> + use<> {
        std::mem::take(&mut self.held).into_values()
    }

    fn meet(&mut self, show: &Observation) {
        let id = &show.remote_id;
        let title = title_key(show.facts.title.as_deref().unwrap_or_default());
        let first = self.titles.entry(title).or_insert_with(|| id.clone()).clone();
        let shares_title = first != *id;
        if shares_title && let Some(first) = self.shows.get_mut(&first) {
            first.shares_title = true;
        }
        let ids = show.facts.external_ids.clone();
        self.shows.insert(id.clone(), Show { ids, shares_title });
    }

    /// The show for which the observation has to wait. An id that an episode shares with its show
    /// is the show's.
    fn show_of(&self, observation: &mut Observation) -> Option<RemoteId> {
        let (id, show) = self.shows.get_key_value(observation.parent.as_ref()?)?;
        observation.facts.external_ids.retain(|id| !show.ids.contains(id));
        show.shares_title.then(|| id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(id: &str, title: &str) -> Observation {
        let mut show = Observation::new(id, ItemKind::Show);
        show.facts.title = Some(title.into());
        show.facts.external_ids = ExternalId::parse("tvdb", "5").into_iter().collect();
        show
    }

    fn episode(id: &str, show: &str) -> Observation {
        let mut episode = Observation::new(id, ItemKind::Episode);
        episode.parent = Some(show.into());
        episode.facts.external_ids =
            ["5", "6"].iter().filter_map(|v| ExternalId::parse("tvdb", v)).collect();
        episode
    }

    fn ids(page: &[Observation]) -> Vec<&str> {
        page.iter().map(|o| o.remote_id.as_str()).collect()
    }

    #[test]
    fn shows_of_one_title_do_not_mix() {
        let mut order = Order::default();
        order.admit(vec![show("a", "The Office"), show("b", "Dark"), show("c", "the office")]);
        let page = ["a", "c", "b", "a", "c"].into_iter().enumerate();
        let page = page.map(|(n, show)| episode(&n.to_string(), show)).collect();
        assert_eq!(ids(&order.admit(page)), ["2"]);
        let held: Vec<_> = order.release().collect();
        assert_eq!(held.iter().map(|h| ids(h)).collect::<Vec<_>>(), [["0", "3"], ["1", "4"]]);
        assert_eq!(order.release().count(), 0);
    }

    #[test]
    fn an_episode_does_not_carry_the_id_of_its_show() {
        let mut order = Order::default();
        let page = order.admit(vec![show("a", "Dark"), episode("1", "a")]);
        assert_eq!(page[1].facts.external_ids, Vec::from_iter(ExternalId::parse("tvdb", "6")));
    }
}
