//! Servers as sources: the port of the application straight over the world, without any wire, and
//! with what goes wrong. They write down what they really told, for the model to judge by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use shelfread_app::{OpenSource, SourceFactory};
use shelfread_domain::hint::{Hint, Unreadable};
use shelfread_domain::port::{
    ItemFailure, Listed, MediaSource, Problem, RemoteLibrary, Scope, ServerIdentity, SourceError,
    Viewer,
};
use shelfread_domain::{Coverage, Observation, RemoteId, SourceKind};
use shelfread_store::SourceRow;

use super::clients::Answer;
use super::script::{Fault, Trouble};
use super::world::{Thing, Told, World};

/// Objects of a page.
const PAGE: usize = 9;

/// What one listing told.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// Which objects, by remote id and part, and what they are.
    pub things: BTreeMap<(String, u16), Thing>,
    /// Remote ids that were named as there but unreadable.
    pub unreadable: BTreeSet<String>,
    /// Everything was asked for and told, truthfully.
    pub complete: bool,
    /// Something was there of which nobody knows what it is.
    pub unnamed: bool,
    /// Under which show objects were told whose show was not told itself.
    pub alone: BTreeMap<(String, u16), String>,
}

/// What servers did since somebody last looked.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// By server and the remote id of the library.
    pub told: BTreeMap<(usize, String), Delivery>,
    /// The libraries that each server said it has.
    pub libraries: BTreeMap<usize, BTreeSet<String>>,
    /// Servers that another one stood for, and which.
    pub strangers: BTreeMap<usize, String>,
    /// Servers that were listed by two runs at the same moment.
    pub doubled: BTreeSet<usize>,
    /// What download clients answered when they were asked for all that they have.
    pub answers: BTreeMap<usize, Vec<Answer>>,
    listed: BTreeMap<usize, u32>,
}

/// The world and what goes wrong in it just now.
#[derive(Debug, Default)]
pub struct State {
    /// The truth.
    pub world: World,
    /// Faults, by server.
    pub faults: BTreeMap<usize, Vec<Fault>>,
    /// What goes wrong with download clients.
    pub troubles: BTreeMap<usize, Trouble>,
    /// The time.
    pub now: DateTime<Utc>,
    /// What was told.
    pub heard: Heard,
}

/// The world, shared between the simulation and its servers.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<Mutex<State>>);

impl Shared {
    /// The world, for as long as the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SourceFactory for Shared {
    fn open(&self, source: &SourceRow) -> Result<OpenSource, SourceError> {
        let place = self.lock().world.servers.iter().position(|s| s.name == source.name);
        let unknown = || Problem::Configuration("no such server".to_owned());
        let place = place.ok_or_else(|| SourceError::new("setting up", unknown()))?;
        Ok(OpenSource::read_only(Arc::new(Port { shared: self.clone(), place })))
    }

    /// Messages are a word, or the id of an object.
    fn read_hook(&self, _: &SourceRow, message: &[u8]) -> Result<Vec<Hint>, Unreadable> {
        let text = std::str::from_utf8(message).map_err(|e| Unreadable(e.to_string()))?;
        Ok(vec![match text {
            "changed" => Hint::Changed,
            "gone" => Hint::Gone,
            id => Hint::object(id),
        }])
    }
}

#[derive(Debug)]
struct Port {
    shared: Shared,
    place: usize,
}

impl Port {
    fn fault<T>(&self, find: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.shared.lock().faults.get(&self.place)?.iter().find_map(find)
    }
}

fn error(problem: Problem) -> SourceError {
    SourceError::new("GET http://server/", problem)
}

#[async_trait]
impl MediaSource for Port {
    fn kind(&self) -> SourceKind {
        self.shared.lock().world.servers[self.place].source_kind()
    }

    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        let problem = self.fault(|fault| match fault {
            Fault::Down => Some(Problem::Unreachable("connection refused".to_owned())),
            Fault::Unauthorized => Some(Problem::Unauthorized),
            Fault::Html => Some(Problem::WrongServer {
                expected: "a server".to_owned(),
                found: "a page".to_owned(),
            }),
            _ => None,
        });
        if let Some(problem) = problem {
            return Err(error(problem));
        }
        let mut state = self.shared.lock();
        let server = &state.world.servers[self.place];
        let identity = match &server.alien {
            Some(films) => format!("alien-{films:?}"),
            None => format!("server-{}", server.identity),
        };
        let anna =
            || Viewer { remote_user: format!("anna-{}", self.place), name: "anna".to_owned() };
        let viewer = server.has_viewer().then(anna);
        if server.alien.is_some() {
            state.heard.strangers.insert(self.place, identity.clone());
        }
        Ok(ServerIdentity {
            server_id: identity,
            name: "server".to_owned(),
            version: "1".to_owned(),
            viewer,
        })
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        if self.fault(|f| (*f == Fault::Libraries).then_some(())).is_some() {
            return Err(error(Problem::Status(503)));
        }
        let less = self.fault(|f| if let Fault::LessLibraries(n) = f { Some(*n) } else { None });
        let mut state = self.shared.lock();
        let mut libraries = state.world.servers[self.place].remote_libraries();
        if let Some(pick) = less {
            let lost = pick as usize % libraries.len();
            libraries.remove(lost);
        }
        let named = libraries.iter().map(|l| l.remote_id.clone()).collect();
        state.heard.libraries.insert(self.place, named);
        Ok(libraries)
    }

    fn list<'a>(
        &'a self,
        library: &'a RemoteLibrary,
        scope: Scope,
    ) -> BoxStream<'a, Result<Listed, SourceError>> {
        let faults = self.shared.lock().faults.get(&self.place).cloned().unwrap_or_default();
        let steps = self.steps(library, &scope, &faults);
        let is_slow = faults.contains(&Fault::Slow);
        let at_work = AtWork::begin(self);
        let hand_out = move |step: Handed| {
            let _ = &at_work;
            self.hand_out(library, step, is_slow)
        };
        stream::iter(steps).then(hand_out).boxed()
    }
}

/// Marks a server as being listed; two at once are a broken promise.
struct AtWork(Shared, usize);

impl AtWork {
    fn begin(port: &Port) -> Self {
        let mut state = port.shared.lock();
        let listed = state.heard.listed.entry(port.place).or_default();
        *listed += 1;
        if *listed > 1 {
            state.heard.doubled.insert(port.place);
        }
        drop(state);
        Self(port.shared.clone(), port.place)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Some(listed) = self.0.lock().heard.listed.get_mut(&self.1) {
            *listed = listed.saturating_sub(1);
        }
    }
}

/// A step of a listing with what it really tells.
struct Handed {
    step: Result<Listed, SourceError>,
    things: Vec<((String, u16), Thing)>,
    alone: Vec<((String, u16), String)>,
    full: bool,
}

impl Port {
    async fn hand_out(
        &self,
        library: &RemoteLibrary,
        handed: Handed,
        is_slow: bool,
    ) -> Result<Listed, SourceError> {
        if is_slow {
            tokio::task::yield_now().await;
        }
        let mut state = self.shared.lock();
        let key = (self.place, library.remote_id.clone());
        let delivery = state.heard.told.entry(key).or_default();
        delivery.things.extend(handed.things);
        delivery.alone.extend(handed.alone);
        match &handed.step {
            Ok(Listed::End(coverage)) => delivery.complete |= coverage.complete && handed.full,
            Ok(Listed::Failed(ItemFailure { remote_id: Some(id), .. })) => {
                delivery.unreadable.insert(id.0.clone());
            }
            // Nobody knows what it was: whatever comes, this listing proves nothing.
            Ok(Listed::Failed(_)) => delivery.unnamed = true,
            _ => {}
        }
        handed.step
    }

    /// All steps of a listing, with the faults in them.
    fn steps(&self, library: &RemoteLibrary, scope: &Scope, faults: &[Fault]) -> Vec<Handed> {
        let full = *scope == Scope::Full;
        let objects = {
            let state = self.shared.lock();
            let server = &state.world.servers[self.place];
            let place = server.libraries.iter().position(|l| l.remote == library.remote_id);
            place.map(|place| state.world.listing(self.place, place))
        };
        let plain = |step| Handed { step, things: Vec::new(), alone: Vec::new(), full };
        let Some(mut objects) = objects else { return vec![plain(Err(error(Problem::NotFound)))] };
        if let Scope::Only(ids) = scope {
            let named = |o: &Told| ids.contains(&o[0].1.remote_id);
            let hangs = |o: &Told| o[0].1.parent.as_ref().is_some_and(|show| ids.contains(show));
            objects.retain(|o| named(o) || hangs(o));
        }
        if faults.contains(&Fault::Empty) {
            objects.clear();
        }
        if faults.contains(&Fault::Reversed) {
            reverse(&mut objects);
        }
        let bad = faults.iter().find_map(|f| match f {
            Fault::Bad(pick, named) if !objects.is_empty() => Some((*pick, *named)),
            _ => None,
        });
        let count = objects.len() as u64;
        let bad = bad.and_then(|(pick, named)| {
            let leaf = leaves(&objects);
            let at = *leaf.get(pick as usize % leaf.len().max(1))?;
            Some((objects.remove(at), named))
        });
        let mut steps = pages(&objects, full, faults.contains(&Fault::Twice));
        if let Some((object, named)) = bad {
            let id = RemoteId(object[0].1.remote_id.0.clone());
            let failure = ItemFailure {
                label: object[0].1.label(),
                remote_id: named.then_some(id),
                message: "its year is a word".to_owned(),
            };
            steps.push(plain(Ok(Listed::Failed(failure))));
        }
        steps.push(plain(Ok(Listed::End(coverage(count, full, faults)))));
        broken_off(steps, faults, plain)
    }
}

/// Objects that nothing hangs on.
fn leaves(objects: &[Told]) -> Vec<usize> {
    let is_parent = |o: &Told| {
        let id = &o[0].1.remote_id;
        objects.iter().any(|other| other[0].1.parent.as_ref() == Some(id))
    };
    (0..objects.len()).filter(|n| !is_parent(&objects[*n])).collect()
}

/// Shows stay before what hangs on them, and the episodes of a show together.
fn reverse(objects: &mut Vec<Told>) {
    let mut works: Vec<Vec<Told>> = Vec::new();
    for object in objects.drain(..) {
        let work = object[0].0.0;
        match works.last_mut().filter(|w| w[0][0].0.0 == work) {
            Some(of_work) => of_work.push(object),
            None => works.push(vec![object]),
        }
    }
    for work in &mut works {
        work[1..].reverse();
    }
    objects.extend(works.into_iter().rev().flatten());
}

fn pages(objects: &[Told], full: bool, twice: bool) -> Vec<Handed> {
    let ids: BTreeSet<_> = objects.iter().map(|o| &o[0].1.remote_id).collect();
    let alone = |(_, o): &&(Thing, Observation)| {
        let show = o.parent.as_ref().filter(|show| !ids.contains(show))?;
        Some(((o.remote_id.0.clone(), o.part), show.0.clone()))
    };
    let page = |page: &[Told]| {
        let times = if twice { 2 } else { 1 };
        let told: Vec<_> = page.iter().flat_map(|o| vec![o; times]).flatten().collect();
        let thing = |(thing, o): &&(Thing, Observation)| ((o.remote_id.0.clone(), o.part), *thing);
        let observations = told.iter().map(|(_, o)| o.clone()).collect();
        Handed {
            things: told.iter().map(thing).collect(),
            alone: told.iter().filter_map(alone).collect(),
            step: Ok(Listed::Page(observations)),
            full,
        }
    };
    objects.chunks(PAGE).map(page).collect()
}

fn coverage(count: u64, full: bool, faults: &[Fault]) -> Coverage {
    if !full {
        return Coverage::partial(None, count, "only what changed");
    }
    if faults.contains(&Fault::Short) {
        return Coverage::partial(Some(count + 3), count, "3 are missing");
    }
    Coverage::complete(Some(count), count)
}

/// The steps until the connection goes.
fn broken_off(
    mut steps: Vec<Handed>,
    faults: &[Fault],
    plain: impl Fn(Result<Listed, SourceError>) -> Handed,
) -> Vec<Handed> {
    for fault in faults {
        match fault {
            Fault::FailAfter(pages) => {
                steps.truncate((*pages as usize).min(steps.len() - 1));
                steps.push(plain(Err(error(Problem::Status(500)))));
                return steps;
            }
            Fault::EndAfter(pages) => {
                steps.truncate((*pages as usize).min(steps.len() - 1));
                return steps;
            }
            _ => {}
        }
    }
    steps
}
