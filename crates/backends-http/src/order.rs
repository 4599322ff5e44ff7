//! Puts the episodes of each show together, as the port promises. Servers sort episodes by the
//! titles of their shows, so shows of equal title come mixed; only those are held back, until
//! another show begins. Which shows these are is learnt from the shows that pass before.

use std::collections::{BTreeMap, HashMap, HashSet};

use shelfread_domain::text::title_key;
use shelfread_domain::{ExternalId, ItemKind, Observation, RemoteId};

/// Sees all observations of a listing, shows before what hangs on them.
#[derive(Debug, Default)]
pub struct Order {
    /// The last show of each title, by what a server may take for equal.
    titles: HashMap<String, RemoteId>,
    twins: HashSet<RemoteId>,
    /// The external ids of shows that have some.
    ids: HashMap<RemoteId, Vec<ExternalId>>,
    held: BTreeMap<RemoteId, Vec<Observation>>,
    /// The shows whose episodes went on; those of the last one may go on further.
    done: HashSet<RemoteId>,
    last: Option<RemoteId>,
}

/// What becomes of observations.
#[derive(Debug, Default)]
pub struct Sorted {
    /// They go on, with those that were held back before them.
    pub ready: Vec<Observation>,
    /// Episodes of shows whose others went on before those of another show: the server does not
    /// keep its order.
    pub late: Vec<Observation>,
}

impl Order {
    /// Sorts what came next. An external id that an episode shares with its show is the show's
    /// and goes.
    pub fn sort(&mut self, observations: Vec<Observation>) -> Sorted {
        let ready = Vec::with_capacity(observations.len());
        let mut sorted = Sorted { ready, late: Vec::new() };
        for mut o in observations {
            match (o.kind, &o.parent) {
                (ItemKind::Show, _) => self.learn(&o),
                (ItemKind::Episode, Some(show)) => {
                    if let Some(ids) = self.ids.get(show) {
                        o.facts.external_ids.retain(|id| !ids.contains(id));
                    }
                    if self.twins.contains(show) {
                        self.held.entry(show.clone()).or_default().push(o);
                        continue;
                    }
                    self.release(&mut sorted);
                    if self.is_late(show.clone()) {
                        sorted.late.push(o);
                        continue;
                    }
                }
                _ => {}
            }
            sorted.ready.push(o);
        }
        sorted
    }

    /// What is still held back.
    pub fn rest(&mut self) -> Sorted {
        let mut sorted = Sorted::default();
        self.release(&mut sorted);
        sorted
    }

    fn release(&mut self, sorted: &mut Sorted) {
        for (show, episodes) in std::mem::take(&mut self.held) {
            let late = self.is_late(show);
            if late { &mut sorted.late } else { &mut sorted.ready }.extend(episodes);
        }
    }

    /// Whether the episodes of another show came since those of this one.
    fn is_late(&mut self, show: RemoteId) -> bool {
        if self.last.as_ref() == Some(&show) {
            return false;
        }
        let late = !self.done.insert(show.clone());
        if !late {
            self.last = Some(show);
        }
        late
    }

    fn learn(&mut self, show: &Observation) {
        let (id, facts) = (&show.remote_id, &show.facts);
        for title in [&facts.title, &facts.sort_title].into_iter().flatten() {
            let other = self.titles.insert(title_key(title), id.clone());
            if let Some(other) = other.filter(|other| other != id) {
                self.twins.extend([other, id.clone()]);
            }
        }
        if !facts.external_ids.is_empty() {
            self.ids.insert(id.clone(), facts.external_ids.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(id: &str, title: &str, sort_title: &str) -> Observation {
        let mut show = Observation::new(id, ItemKind::Show);
        show.facts.title = Some(title.into());
        show.facts.sort_title = Some(sort_title.into());
        show.facts.external_ids = Vec::from_iter(ExternalId::parse("tvdb", "5"));
        show
    }

    fn episode(text: &str) -> Observation {
        let (show, _) = text.split_once('-').unwrap();
        Observation { parent: Some(show.into()), ..Observation::new(text, ItemKind::Episode) }
    }

    fn ids(episodes: &[Observation]) -> String {
        episodes.iter().map(|o| o.remote_id.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn shows_of_one_title_are_taken_apart() {
        let shows = [
            show("1", "Dark", "dark"),
            show("2", "Hotel", "hotel 1"),
            show("3", "hôtel", "hotel 2"),
            show("4", "Zoo", "zoo"),
        ];
        let mut order = Order::default();
        assert_eq!(ids(&order.sort(shows.into()).ready), "1 2 3 4");
        let mut page = |text: &str| ids(&order.sort(text.split(' ').map(episode).collect()).ready);
        assert_eq!(page("1-a 1-b 2-a"), "1-a 1-b");
        assert_eq!(page("3-a 2-b 3-b"), "");
        assert_eq!(page("2-c 4-a"), "2-a 2-b 2-c 3-a 3-b 4-a");
        assert_eq!(page("3-c"), "");
        assert_eq!(ids(&order.rest().late), "3-c", "its others went on before 4-a");
    }

    #[test]
    fn what_comes_too_late_is_told_apart() {
        let page = ["1-a", "1-b", "2-a", "1-c", "2-b"].map(episode);
        let sorted = Order::default().sort(page.into());
        assert_eq!(
            (ids(&sorted.ready), ids(&sorted.late)),
            ("1-a 1-b 2-a 2-b".into(), "1-c".into())
        );
    }

    #[test]
    fn an_episode_does_not_carry_the_id_of_its_show() {
        let mut first = episode("1-a");
        first.facts.external_ids =
            ["5", "6"].iter().filter_map(|id| ExternalId::parse("tvdb", id)).collect();
        let sorted = Order::default().sort(vec![show("1", "Dark", "dark"), first]);
        let own = Vec::from_iter(ExternalId::parse("tvdb", "6"));
        assert_eq!(sorted.ready[1].facts.external_ids, own);
    }
}
