//! A source in memory that lists what a test says, and holds the test to the contract of
//! [`MediaSource`].
//!
//! It knows the port and deliberately no server: what a real server does to an adapter is the
//! simulator's part.
//!
//! ```
//! use shelfread_domain::SourceKind;
//! use shelfread_domain::port::LibraryKind;
//! use shelfread_testkit::fixtures::ScriptedSource;
//!
//! let den = ScriptedSource::new(SourceKind::Jellyfin);
//! den.lists("1", LibraryKind::Movies, r#"movie m1 "Heat" 1995 tmdb=949"#);
//! // … a first sync, then the film goes:
//! den.lists("1", LibraryKind::Movies, "");
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use shelfread_domain::port::{
    LibraryKind, Listed, MediaSource, Problem, RemoteLibrary, RemovalEffect, RemoveMedia, Scope,
    ServerIdentity, SourceError, WritePlayState,
};
use shelfread_domain::{Coverage, ItemKind, Observation, PlayState, RemoteId, SourceKind};

use crate::notation::observations;

/// One step of a script, as the stream of [`MediaSource::list`] yields it.
pub type Step = Result<Listed, SourceError>;

/// A source in memory. It is changed through `&self`, so a test keeps it in an `Arc` beside the
/// engine that reads it.
#[derive(Debug)]
pub struct ScriptedSource {
    kind: SourceKind,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    identity: Result<ServerIdentity, SourceError>,
    failing: Option<SourceError>,
    libraries: BTreeMap<String, Library>,
    asked: Vec<(String, Scope)>,
    effect: Option<RemovalEffect>,
    refusal: Option<SourceError>,
    cuts_off: bool,
    removed: Vec<RemoteId>,
    manner: Option<fn(PlayState) -> PlayState>,
    told: Vec<(RemoteId, PlayState)>,
}

#[derive(Debug)]
struct Library {
    remote: RemoteLibrary,
    script: Vec<Step>,
    changed: Vec<Observation>,
}

impl ScriptedSource {
    /// A source without libraries that answers as the server `server-1` without a viewer.
    pub fn new(kind: SourceKind) -> Self {
        let identity = ServerIdentity {
            server_id: "server-1".to_owned(),
            name: "scripted".to_owned(),
            version: "Scripted 1.0".to_owned(),
            viewer: None,
        };
        let state = State {
            identity: Ok(identity),
            failing: None,
            libraries: BTreeMap::new(),
            asked: Vec::new(),
            effect: None,
            refusal: None,
            cuts_off: false,
            removed: Vec::new(),
            manner: None,
            told: Vec::new(),
        };
        Self { kind, state: Mutex::new(state) }
    }

    /// From now on the library lists exactly this (in the [notation](crate::notation)), in one
    /// page and complete.
    #[track_caller]
    pub fn lists(&self, id: &str, kind: LibraryKind, text: &str) {
        self.scripts(id, kind, complete(observations(text)));
    }

    /// From now on the library is listed in these steps.
    ///
    /// # Panics
    /// When the steps break the contract of [`MediaSource`].
    #[track_caller]
    pub fn scripts(&self, id: &str, kind: LibraryKind, script: Vec<Step>) {
        if let Err(fault) = check(&script) {
            panic!("the script of library {id} breaks the contract of MediaSource: {fault}");
        }
        let remote =
            RemoteLibrary { remote_id: id.to_owned(), name: format!("library {id}"), kind };
        let library = Library { remote, script, changed: Vec::new() };
        self.state().libraries.insert(id.to_owned(), library);
    }

    /// What the library lists when it is asked for changes only; nothing, until a test says more.
    ///
    /// # Panics
    /// When there is no such library.
    #[track_caller]
    pub fn changed(&self, id: &str, text: &str) {
        let changed = observations(text);
        self.state().libraries.get_mut(id).expect("a library of the source").changed = changed;
    }

    /// The library is no longer there.
    pub fn drops(&self, id: &str) {
        self.state().libraries.remove(id);
    }

    /// What [`MediaSource::identify`] says from now on.
    pub fn identifies(&self, identity: Result<ServerIdentity, SourceError>) {
        self.state().identity = identity;
    }

    /// From now on (or, with `None`, no longer) the list of libraries fails.
    pub fn fails(&self, error: Option<SourceError>) {
        self.state().failing = error;
    }

    /// From now on it can remove objects, with this effect.
    pub fn removes(&self, effect: RemovalEffect) {
        self.state().effect = Some(effect);
    }

    /// Whether it can remove objects.
    pub fn can_remove(&self) -> bool {
        self.state().effect.is_some()
    }

    /// From now on (or, with `None`, no longer) it refuses whatever it is told to do.
    pub fn refuses(&self, error: Option<SourceError>) {
        self.state().refusal = error;
    }

    /// From now on (or no longer) it removes what it is told, and never answers.
    pub fn cuts_off(&self, cuts_off: bool) {
        self.state().cuts_off = cuts_off;
    }

    /// From now on it takes play states, and makes of them what `manner` says.
    pub fn takes_play_states(&self, manner: fn(PlayState) -> PlayState) {
        self.state().manner = Some(manner);
    }

    /// Whether it takes play states.
    pub fn can_take_play_states(&self) -> bool {
        self.state().manner.is_some()
    }

    /// Which play states it was told and took.
    pub fn told(&self) -> Vec<(RemoteId, PlayState)> {
        self.state().told.clone()
    }

    /// What it was told to remove and had.
    pub fn removed(&self) -> Vec<RemoteId> {
        self.state().removed.clone()
    }

    /// Every listing that was asked for, with the library's id.
    pub fn asked(&self) -> Vec<(String, Scope)> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn steps(&self, library: &RemoteLibrary, scope: Scope) -> Vec<Step> {
        let mut state = self.state();
        state.asked.push((library.remote_id.clone(), scope.clone()));
        let Some(known) = state.libraries.get(&library.remote_id) else {
            let what = format!("list library {}", library.name);
            return vec![Err(SourceError::new(what, Problem::NotFound))];
        };
        match scope {
            Scope::Full => known.script.clone(),
            Scope::ChangedSince(_) => partial(known.changed.clone(), "only what changed"),
            Scope::Only(ids) => partial(known.only(&ids), "only what was asked for"),
        }
    }
}

impl Library {
    /// Plays an object, if there is one.
    fn play(&mut self, id: &RemoteId, state: PlayState) -> bool {
        let pages = self.script.iter_mut().filter_map(|step| match step {
            Ok(Listed::Page(page)) => Some(page),
            _ => None,
        });
        let mut found = false;
        for object in pages.flatten().filter(|o| o.remote_id == *id) {
            object.play = Some(state);
            found = true;
        }
        found
    }

    fn only(&self, ids: &[RemoteId]) -> Vec<Observation> {
        let wanted = |o: &&Observation| {
            ids.contains(&o.remote_id) || o.parent.as_ref().is_some_and(|p| ids.contains(p))
        };
        let pages = self.script.iter().filter_map(|step| match step {
            Ok(Listed::Page(page)) => Some(page),
            _ => None,
        });
        pages.flatten().filter(wanted).cloned().collect()
    }
}

impl Library {
    /// Takes an object with all that hangs on it away; whether there was one.
    fn remove(&mut self, id: &RemoteId) -> bool {
        let pages = self.script.iter().filter_map(|step| match step {
            Ok(Listed::Page(page)) => Some(page),
            _ => None,
        });
        let all: Vec<_> = pages.flatten().cloned().collect();
        let stays = |o: &Observation| o.remote_id != *id && o.parent.as_ref() != Some(id);
        let left: Vec<_> = all.iter().filter(|o| stays(o)).cloned().collect();
        let found = left.len() < all.len();
        if found {
            self.script = complete(left);
        }
        found
    }
}

#[async_trait]
impl MediaSource for ScriptedSource {
    fn kind(&self) -> SourceKind {
        self.kind
    }

    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        self.state().identity.clone()
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        let state = self.state();
        match &state.failing {
            Some(error) => Err(error.clone()),
            None => Ok(state.libraries.values().map(|l| l.remote.clone()).collect()),
        }
    }

    fn list<'a>(
        &'a self,
        library: &'a RemoteLibrary,
        scope: Scope,
    ) -> BoxStream<'a, Result<Listed, SourceError>> {
        stream::iter(self.steps(library, scope)).boxed()
    }
}

#[async_trait]
impl WritePlayState for ScriptedSource {
    async fn write_play_state(&self, id: &RemoteId, state: PlayState) -> Result<(), SourceError> {
        let mut all = self.state();
        if let Some(error) = all.refusal.clone() {
            return Err(error);
        }
        let made = all.manner.map_or(state, |manner| manner(state));
        let played = all.libraries.values_mut().map(|l| l.play(id, made)).filter(|p| *p).count();
        if played == 0 {
            return Err(SourceError::new(format!("play {id}"), Problem::NotFound));
        }
        all.told.push((id.clone(), state));
        Ok(())
    }
}

#[async_trait]
impl RemoveMedia for ScriptedSource {
    async fn effect(&self, _id: &RemoteId) -> Result<RemovalEffect, SourceError> {
        let never = || RemovalEffect::Impossible("it was never told that it can".to_owned());
        Ok(self.state().effect.clone().unwrap_or_else(never))
    }

    async fn remove(&self, id: &RemoteId) -> Result<bool, SourceError> {
        let (found, hangs) = {
            let mut state = self.state();
            if let Some(error) = state.refusal.clone() {
                return Err(error);
            }
            let holders = state.libraries.values_mut().filter_map(|l| l.remove(id).then_some(()));
            let found = holders.count() > 0;
            if found {
                state.removed.push(id.clone());
            }
            (found, state.cuts_off)
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        Ok(found)
    }
}

/// The steps of a complete listing in one page.
pub fn complete(observations: Vec<Observation>) -> Vec<Step> {
    let count = received(&observations);
    let end = Listed::End(Coverage::complete(Some(count), count));
    page(observations).into_iter().chain([Listed::Expected(count), end]).map(Ok).collect()
}

/// The steps of a partial listing in one page.
pub fn partial(observations: Vec<Observation>, reason: &str) -> Vec<Step> {
    let end = Listed::End(Coverage::partial(None, received(&observations), reason));
    page(observations).into_iter().chain([end]).map(Ok).collect()
}

fn page(observations: Vec<Observation>) -> Option<Listed> {
    (!observations.is_empty()).then_some(Listed::Page(observations))
}

/// The parts of a file are one remote item.
fn received(observations: &[Observation]) -> u64 {
    observations.iter().map(|o| &o.remote_id).collect::<BTreeSet<_>>().len() as u64
}

/// Whether steps keep the contract of [`MediaSource::list`] for a whole library: pages that hold
/// something, no show after what hangs on it, the episodes of a show together, an honest
/// certificate, and nothing after the end. Where something failed a show may be missing, and where
/// the listing is partial episodes may be apart: no adapter can sort what a server mixed up.
///
/// # Errors
/// What is wrong.
pub fn check(script: &[Step]) -> Result<(), String> {
    let mut check = Check::default();
    script.iter().try_for_each(|step| check.step(step))
}

#[derive(Default)]
struct Check {
    ended: bool,
    ids: BTreeSet<RemoteId>,
    shows_done: BTreeSet<RemoteId>,
    show: Option<RemoteId>,
    /// Shows that did not come before what hangs on them, with that.
    awaited: BTreeMap<RemoteId, String>,
    /// An episode that came after those of another show.
    apart: Option<String>,
    failed: u64,
    expected: Option<u64>,
}

impl Check {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        if std::mem::replace(&mut self.ended, matches!(step, Err(_) | Ok(Listed::End(_)))) {
            return Err("something follows the end or an error".to_owned());
        }
        match step {
            Ok(Listed::Page(page)) if page.is_empty() => Err("a page without anything".to_owned()),
            Ok(Listed::Page(page)) => page.iter().try_for_each(|o| self.observation(o)),
            Ok(Listed::Failed(_)) => {
                self.failed += 1;
                Ok(())
            }
            Ok(Listed::Expected(count)) => {
                self.expected = Some(*count);
                Ok(())
            }
            Ok(Listed::End(coverage)) => self.coverage(coverage),
            Err(_) => Ok(()),
        }
    }

    fn observation(&mut self, o: &Observation) -> Result<(), String> {
        let label = o.label();
        o.clone().normalize().map_err(|e| e.to_string())?;
        if let Some(early) = self.awaited.get(&o.remote_id) {
            return Err(format!("{early} comes before its show {label}"));
        }
        if let Some(show) = o.parent.as_ref().filter(|show| !self.ids.contains(*show)) {
            self.awaited.insert(show.clone(), label.clone());
        }
        if o.kind == ItemKind::Episode && self.show != o.parent {
            self.shows_done.extend(self.show.take());
            self.show.clone_from(&o.parent);
            if self.show.as_ref().is_some_and(|s| self.shows_done.contains(s)) {
                self.apart = Some(label);
            }
        }
        self.ids.insert(o.remote_id.clone());
        Ok(())
    }

    fn coverage(&self, c: &Coverage) -> Result<(), String> {
        let came = self.ids.len() as u64;
        let says = self.expected.or(c.expected);
        match (c.complete, &c.reason) {
            (true, Some(reason)) => Err(format!("a complete coverage with the reason '{reason}'")),
            (false, None) => Err("a partial coverage that does not say why".to_owned()),
            (true, None) if c.received < came => {
                Err(format!("a complete coverage of {} with {came} items", c.received))
            }
            (true, None) if self.apart.is_some() => {
                let label = self.apart.as_deref().unwrap_or_default();
                Err(format!("{label} is apart from the other episodes of its show"))
            }
            (true, None) if self.failed == 0 && !self.awaited.is_empty() => {
                Err(format!("a complete coverage without the shows of {:?}", self.awaited))
            }
            (true, None) if says.is_some_and(|s| s != c.received) => {
                Err(format!("a complete coverage of {} where {says:?} were expected", c.received))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_must_keep_the_contract() {
        let page = |text: &str| Ok(Listed::Page(observations(text)));
        let end = |n| Ok(Listed::End(Coverage::complete(None, n)));
        let seven = Ok(Listed::Expected(7));
        for (fault, script) in [
            ("follows the end", vec![end(0), end(0)]),
            ("without anything", vec![Ok(Listed::Page(Vec::new()))]),
            ("comes before its show", vec![page("season s 1 r\nshow s")]),
            ("without the shows of", vec![page("season s 1 r"), end(1)]),
            (
                "is apart from",
                vec![
                    page("show s\nshow t\nepisode s 1x1 a\nepisode t 1x1 b\nepisode s 1x2 c"),
                    end(5),
                ],
            ),
            ("of 0 with 1 items", vec![page("movie m"), end(0)]),
            ("where Some(7) were expected", vec![seven, page("movie m"), end(1)]),
        ] {
            let told = check(&script).unwrap_err();
            assert!(told.contains(fault), "{fault}: {told}");
        }
        let good = "movie m\nshow s\nseason s 1 r\nepisode s 1x1-2 a\nepisode s 1x3 b";
        assert_eq!(check(&complete(observations(good))), Ok(()));
    }
}
