//! What goes wrong with a server, as data: a fault is an effect and the requests that it strikes,
//! and a server may have any number of them. They change by a call or by JSON at `/_sim/faults`.
//!
//! ```
//! use shelfread_simulator::{Effect, Fault, Faults};
//!
//! let faults: Faults = [
//!     Fault::new(Effect::Status { code: 503, retry_after: Some(1) }).on_page(2).first(3),
//!     Fault::new(Effect::Status { code: 500, retry_after: None }).holding("Heat"),
//! ]
//! .into();
//! let json = serde_json::to_string(&faults).unwrap();
//! assert_eq!(serde_json::from_str::<Faults>(&json).unwrap(), faults);
//! ```

use serde::{Deserialize, Serialize};

/// What happens.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The answer comes so many milliseconds later.
    Delay(u64),
    /// The connection closes without an answer.
    Reset,
    /// No answer, and the connection stays open.
    Silence,
    /// The head of the answer and so many bytes of its body, then nothing.
    Stall(usize),
    /// Only so many bytes of the body, then the connection closes.
    CutOff(usize),
    /// This status, with an empty body.
    Status {
        /// The status.
        code: u16,
        /// The header `Retry-After` in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// A page for people, with status 200.
    Html,
    /// Status 302 to this address.
    Redirect(String),
    /// JSON that breaks off, well announced.
    BadJson,
    /// So many MiB of white space around the answer.
    Oversized(usize),
    /// A list is well-formed and has nothing.
    Empty,
    /// So many items are missing at the end of the page; the total does not know.
    Short(usize),
    /// The second half of the list does not exist; the total agrees.
    Half,
    /// The total is larger (or smaller) by so many.
    Total(i64),
    /// The total grows by one with every page.
    Drift,
    /// Every page but the first begins with the last so many items of the page before it, and the
    /// last ones of the list never come.
    Overlap(usize),
    /// Every page is cut from another order of the list.
    Shuffle,
    /// The item that the fault is about (or the first of the page) has values of other types.
    WrongTypes,
}

/// An effect, and which requests it strikes: those that fit all that is set here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    pub effect: Effect,
    /// Paths that begin with this, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The page of that number, from 0, of a list that is read in pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// Answers in which an object of this title is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<String>,
    /// Every so-many-th of the requests that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// The first so many of the requests that fit; then it heals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
}

impl Fault {
    /// The effect on every request; of effects on lists, on every list.
    pub const fn new(effect: Effect) -> Self {
        Self { effect, path: None, page: None, holds: None, every: None, first: None }
    }

    /// Only on paths that begin with this.
    #[must_use]
    pub fn on_path(self, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }

    /// Only on that page of a list, from 0.
    #[must_use]
    pub fn on_page(self, page: usize) -> Self {
        Self { page: Some(page), ..self }
    }

    /// Only where an object of this title is in the answer.
    #[must_use]
    pub fn holding(self, title: &str) -> Self {
        Self { holds: Some(title.to_owned()), ..self }
    }

    /// Only on every so-many-th request that fits.
    #[must_use]
    pub fn every(self, times: u64) -> Self {
        Self { every: Some(times), ..self }
    }

    /// Only on the first so many requests that fit.
    #[must_use]
    pub fn first(self, times: u64) -> Self {
        Self { first: Some(times), ..self }
    }

    fn strikes(&self, target: &Target<'_>, seen: &mut u64) -> bool {
        let path = self.path.as_ref().is_none_or(|p| begins_with(target.path, p));
        let page = self.page.is_none_or(|p| target.page == Some(p));
        let holds = self.holds.as_ref().is_none_or(|t| (target.holds)(t));
        if !(path && page && holds && (target.page.is_some() || !self.effect.needs_a_list())) {
            return false;
        }
        *seen += 1;
        self.every.is_none_or(|k| seen.is_multiple_of(k)) && self.first.is_none_or(|n| *seen <= n)
    }
}

fn begins_with(path: &str, prefix: &str) -> bool {
    path.get(..prefix.len()).is_some_and(|p| p.eq_ignore_ascii_case(prefix))
}

impl Effect {
    const fn needs_a_list(&self) -> bool {
        matches!(
            self,
            Self::Empty
                | Self::Short(_)
                | Self::Half
                | Self::Total(_)
                | Self::Drift
                | Self::Overlap(_)
                | Self::Shuffle
                | Self::WrongTypes
        )
    }
}

/// The faults of a server.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Faults(pub Vec<Fault>);

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl From<Effect> for Faults {
    fn from(effect: Effect) -> Self {
        Fault::new(effect).into()
    }
}

impl<const N: usize> From<[Fault; N]> for Faults {
    fn from(faults: [Fault; N]) -> Self {
        Self(faults.into())
    }
}

/// What a fault may look at to tell whether it strikes.
pub(crate) struct Target<'a> {
    pub path: &'a str,
    /// The number of the page, when the answer is one of a list.
    pub page: Option<usize>,
    /// Whether an object of that title is in the answer.
    pub holds: &'a dyn Fn(&str) -> bool,
}

/// Faults at work: they count what they saw.
#[derive(Debug, Default)]
pub(crate) struct Armed {
    faults: Faults,
    seen: Vec<u64>,
}

impl Armed {
    pub fn new(faults: Faults) -> Self {
        Self { seen: vec![0; faults.0.len()], faults }
    }

    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The faults that strike this request, in their order.
    pub fn strike(&mut self, target: &Target<'_>) -> Vec<Fault> {
        let pairs = self.faults.0.iter().zip(&mut self.seen);
        let struck = pairs.filter_map(|(f, seen)| f.strikes(target, seen).then(|| f.clone()));
        struck.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(fault: Fault, targets: &[(&str, Option<usize>)]) -> Vec<bool> {
        let mut armed = Armed::new(fault.into());
        let holds = |title: &str| title == "Heat";
        let targets =
            targets.iter().map(|(path, page)| Target { path, page: *page, holds: &holds });
        targets.map(|t| !armed.strike(&t).is_empty()).collect()
    }

    #[test]
    fn a_fault_strikes_what_fits_all_its_conditions() {
        let items =
            [("/Items", Some(0)), ("/Items", Some(1)), ("/Users", None), ("/Items", Some(2))];
        let reset = || Fault::new(Effect::Reset);
        assert_eq!(strikes(reset(), &items), [true, true, true, true]);
        assert_eq!(strikes(reset().on_path("/items"), &items), [true, true, false, true]);
        assert_eq!(strikes(reset().on_page(1), &items), [false, true, false, false]);
        assert_eq!(strikes(reset().on_path("/i").every(2), &items), [false, true, false, false]);
        assert_eq!(strikes(reset().first(2), &items), [true, true, false, false]);
        assert_eq!(strikes(reset().holding("Heat"), &items), [true; 4]);
        assert_eq!(strikes(reset().holding("Dark"), &items), [false; 4]);
        assert_eq!(strikes(Fault::new(Effect::Empty), &items), [true, true, false, true]);
    }
}
