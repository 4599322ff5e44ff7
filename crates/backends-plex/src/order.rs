//! Puts the episodes of each show together. The server sorts by the shows' sort titles, so shows of
//! equal sort title come mixed; only those are held back, until another title begins. Which shows
//! these are is learnt from the shows that pass before.

use std::collections::{BTreeMap, HashMap, HashSet};

use shelfread_domain::text::title_key;
use shelfread_domain::{ItemKind, Observation, RemoteId};

/// Holds back the episodes of shows that come mixed.
#[derive(Debug, Default)]
pub struct Order {
    /// The last show of each title, by what the server may take for equal: letters without case
    /// and accents.
    titles: HashMap<String, RemoteId>,
    twins: HashSet<RemoteId>,
    held: BTreeMap<RemoteId, Vec<Observation>>,
}

impl Order {
    /// The observations that can go on now, with those that were held back before them.
    pub fn sort(&mut self, observations: Vec<Observation>) -> Vec<Observation> {
        let mut sorted = Vec::with_capacity(observations.len());
        for o in observations {
            match (o.kind, &o.parent) {
                (ItemKind::Episode, Some(show)) if self.twins.contains(show) => {
                    self.held.entry(show.clone()).or_default().push(o);
                }
                (ItemKind::Episode, _) => {
                    sorted.append(&mut self.rest());
                    sorted.push(o);
                }
                _ => {
                    self.learn(&o);
                    sorted.push(o);
                }
            }
        }
        sorted
    }

    /// What is still held back.
    pub fn rest(&mut self) -> Vec<Observation> {
        std::mem::take(&mut self.held).into_values().flatten().collect()
    }

    fn learn(&mut self, o: &Observation) {
        let title = o.facts.sort_title.as_deref().or(o.facts.title.as_deref());
        if o.kind != ItemKind::Show {
            return;
        }
        let key = title_key(title.unwrap_or_default());
        if let Some(other) = self.titles.insert(key, o.remote_id.clone()) {
            self.twins.extend([other, o.remote_id.clone()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(text: &str) -> Observation {
        let (show, _) = text.split_once('-').unwrap();
        Observation { parent: Some(show.into()), ..Observation::new(text, ItemKind::Episode) }
    }

    fn ids(episodes: Vec<Observation>) -> Vec<String> {
        episodes.into_iter().map(|o| o.remote_id.0).collect()
    }

    #[test]
    fn shows_of_one_title_are_taken_apart() {
        let show = |(id, title): (&str, &str)| {
            let mut show = Observation::new(id, ItemKind::Show);
            show.facts.title = Some(title.into());
            show
        };
        let shows = [("1", "Dark"), ("2", "Hotel"), ("3", "hôtel"), ("4", "Zoo")].map(show);
        let mut order = Order::default();
        assert_eq!(ids(order.sort(shows.into())), ["1", "2", "3", "4"]);
        let mut page = |text: &str| ids(order.sort(text.split(' ').map(episode).collect()));
        assert_eq!(page("1-a 1-b 2-a"), ["1-a", "1-b"]);
        assert_eq!(page("3-a 2-b 3-b"), [] as [&str; 0]);
        assert_eq!(page("2-c 4-a"), ["2-a", "2-b", "2-c", "3-a", "3-b", "4-a"]);
        assert_eq!(page("3-c"), [] as [&str; 0]);
        assert_eq!(ids(order.rest()), ["3-c"]);
    }
}
