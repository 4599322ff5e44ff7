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
    /// The shows whose episodes went on; the last one may go on further.
    done: HashSet<RemoteId>,
    last: Option<RemoteId>,
}

/// What becomes of observations.
#[derive(Debug, Default)]
pub struct Sorted {
    /// They go on, with those that were held back before them.
    pub ready: Vec<Observation>,
    /// Episodes of shows whose others are gone on long ago: the server does not keep its order.
    pub late: Vec<Observation>,
}

impl Order {
    /// Sorts what came next.
    pub fn sort(&mut self, observations: Vec<Observation>) -> Sorted {
        let mut sorted = Sorted::default();
        for o in observations {
            match (o.kind, o.parent.clone()) {
                (ItemKind::Episode, Some(show)) if self.twins.contains(&show) => {
                    self.held.entry(show).or_default().push(o);
                }
                (ItemKind::Episode, _) => {
                    self.release(&mut sorted);
                    self.pass(o, &mut sorted);
                }
                _ => {
                    self.learn(&o);
                    sorted.ready.push(o);
                }
            }
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
        for o in std::mem::take(&mut self.held).into_values().flatten() {
            self.pass(o, sorted);
        }
    }

    fn pass(&mut self, o: Observation, sorted: &mut Sorted) {
        if self.last != o.parent {
            if o.parent.as_ref().is_some_and(|show| self.done.contains(show)) {
                sorted.late.push(o);
                return;
            }
            self.last.clone_from(&o.parent);
            self.done.extend(o.parent.clone());
        }
        sorted.ready.push(o);
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
        assert_eq!(ids(order.sort(shows.into()).ready), ["1", "2", "3", "4"]);
        let mut page = |text: &str| ids(order.sort(text.split(' ').map(episode).collect()).ready);
        assert_eq!(page("1-a 1-b 2-a"), ["1-a", "1-b"]);
        assert_eq!(page("3-a 2-b 3-b"), [] as [&str; 0]);
        assert_eq!(page("2-c 4-a"), ["2-a", "2-b", "2-c", "3-a", "3-b", "4-a"]);
        assert_eq!(page("3-c"), [] as [&str; 0]);
        let sorted = order.rest();
        assert_eq!(ids(sorted.late), ["3-c"], "its others went on before 4-a");
    }

    #[test]
    fn what_comes_too_late_is_told_apart() {
        let sorted = Order::default().sort(["1-a", "1-b", "2-a", "1-c", "2-b"].map(episode).into());
        assert_eq!(ids(sorted.ready), ["1-a", "1-b", "2-a", "2-b"]);
        assert_eq!(ids(sorted.late), ["1-c"]);
    }
}
