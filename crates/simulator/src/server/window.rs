//! Cuts a page out of a list, as honestly as the faults allow.

use super::faults::{Effect, Fault};
use super::message::{Page, Window};
use super::site::Site;
use crate::world::{ObjectId, mix};

impl Page {
    /// The number of the page, from 0.
    pub fn number(&self) -> usize {
        self.limit.filter(|l| *l > 0).map_or(0, |limit| self.start / limit)
    }

    /// Whether an object of that title is on the page.
    pub fn holds(&self, title: &str, site: &Site) -> bool {
        let shelves = site.world.read();
        let is_it = |id: &ObjectId| shelves.get(*id).is_some_and(|o| o.title == title);
        self.slice(self.start, &self.all).iter().any(is_it)
    }

    /// What is on it.
    pub fn window(&self, faults: &[Fault], site: &Site) -> Window {
        let mut all = std::borrow::Cow::Borrowed(&self.all[..]);
        let mut start = self.start;
        let mut total = self.all.len() as i64;
        for fault in faults {
            match fault.effect {
                Effect::Empty => (all, total) = ([][..].into(), 0),
                Effect::Half => {
                    total /= 2;
                    all.to_mut().truncate(total as usize);
                }
                Effect::Total(more) => total += more,
                Effect::Drift => total += self.number() as i64,
                Effect::Overlap(n) => start = start.saturating_sub(n * self.number()),
                Effect::Shuffle => all.to_mut().sort_by_key(|id| self.shuffled(*id)),
                _ => {}
            }
        }
        let mut objects = self.slice(start, &all).to_vec();
        for fault in faults {
            if let Effect::Short(n) = fault.effect {
                objects.truncate(objects.len().saturating_sub(n));
            }
        }
        let garbled = faults.iter().find_map(|f| garbled(f, &objects, site));
        Window { objects, start: self.start, total, garbled }
    }

    fn slice<'a>(&self, start: usize, all: &'a [ObjectId]) -> &'a [ObjectId] {
        let rest = all.get(start..).unwrap_or(&[]);
        rest.get(..self.limit.unwrap_or(rest.len())).unwrap_or(rest)
    }

    fn shuffled(&self, id: ObjectId) -> u64 {
        mix(u64::from(id.0) | (self.number() as u64) << 32)
    }
}

/// The place of the object that the fault garbles.
fn garbled(fault: &Fault, objects: &[ObjectId], site: &Site) -> Option<usize> {
    if fault.effect != Effect::WrongTypes || objects.is_empty() {
        return None;
    }
    let Some(title) = &fault.holds else { return Some(0) };
    let shelves = site.world.read();
    objects.iter().position(|id| shelves.get(*id).is_some_and(|o| o.title == *title))
}
