//! The world: films and shows that are there, and servers that show some of them. This is the
//! truth that the catalogue is compared with. It knows nothing of the program under test but the
//! words in which servers speak.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use shelfread_domain::port::{LibraryKind, RemoteLibrary};
use shelfread_domain::{
    ExternalId, FileRef, ItemKind, Observation, OnMissing, PlayState, Provider, RemoteId,
    SourceKind,
};

use super::clients::Client;
use super::script::Kind;

/// A part of a work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    /// The film or show itself.
    Top,
    /// A season, by its number.
    Season(i32),
    /// An episode, by its place in [`Work::episodes`]; its number may change.
    Episode(usize),
}

/// A work, and a part of it.
pub type Thing = (usize, Part);

/// A film or show.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// Whether it is a show.
    pub show: bool,
    /// It has no external id.
    pub weak: bool,
    /// Of a server that stood behind another one's address for a while.
    pub alien: bool,
    /// Its episodes, in the order in which they came.
    pub episodes: Vec<Episode>,
    /// What happened to it leaves open which item it is, for any program.
    pub loose: bool,
    /// Some server ever had a file of it.
    pub filed: bool,
    /// What a server has not told yet since something about it changed. When more changes before
    /// that, nobody can follow.
    pub untold: BTreeSet<usize>,
}

/// An episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    /// The number of its season.
    pub season: i32,
    /// Its number in it.
    pub number: i32,
    /// Its file holds the next one as well.
    pub joined: bool,
}

/// What a server has of a thing in a library.
#[derive(Clone, Debug)]
pub struct Object {
    /// The server's id.
    pub remote: String,
    /// How often the server called it something else.
    pub titled: u32,
    /// How often its file moved.
    pub moved: u32,
    /// How many files; none for what is only looked for.
    pub files: u32,
    /// What its viewer did with it.
    pub play: Option<PlayState>,
}

/// A library of a server.
#[derive(Clone, Debug)]
pub struct Library {
    /// The server's id.
    pub remote: String,
    /// Its name.
    pub name: &'static str,
    /// Whether it holds shows.
    pub shows: bool,
}

/// A server.
#[derive(Clone, Debug)]
pub struct Server {
    /// What it is.
    pub kind: Kind,
    /// How the source is called.
    pub name: String,
    /// Lower wins.
    pub priority: i32,
    /// Which of all servers that ever were it is.
    pub identity: u32,
    /// Its libraries.
    pub libraries: Vec<Library>,
    /// What it has, by thing and library.
    pub objects: BTreeMap<(Thing, usize), Object>,
    /// Another server answers at its address, with these films.
    pub alien: Option<Vec<usize>>,
    next: u32,
}

/// All there is.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Films and shows.
    pub works: Vec<Work>,
    /// Servers.
    pub servers: Vec<Server>,
    /// Download clients.
    pub clients: Vec<Client>,
    pub(super) identities: u32,
}

impl Server {
    /// An empty server.
    pub fn new(kind: Kind, place: usize, identity: u32) -> Self {
        let library = |(n, (name, shows)): (usize, (&'static str, bool))| Library {
            remote: format!("L{place}-{n}"),
            name,
            shows,
        };
        let names: &[(&'static str, bool)] = match kind {
            Kind::Jellyfin | Kind::Plex => {
                &[("Films", false), ("Series", true), ("Films 4K", false)]
            }
            Kind::Sonarr | Kind::Shows => &[("Series", true)],
            Kind::Radarr | Kind::Films => &[("Films", false)],
        };
        Self {
            kind,
            name: format!("{}{place}", format!("{kind:?}").to_lowercase()),
            priority: i32::try_from(place).unwrap_or_default() * 10 + 10,
            identity,
            libraries: names.iter().copied().enumerate().map(library).collect(),
            objects: BTreeMap::new(),
            alien: None,
            next: 0,
        }
    }

    /// What kind of source it is.
    pub const fn source_kind(&self) -> SourceKind {
        match self.kind {
            Kind::Jellyfin => SourceKind::Jellyfin,
            Kind::Plex => SourceKind::Plex,
            Kind::Sonarr => SourceKind::Sonarr,
            Kind::Radarr => SourceKind::Radarr,
            Kind::Films | Kind::Shows => SourceKind::Folder,
        }
    }

    /// What a person wants for what is missing there.
    pub const fn policy(&self) -> OnMissing {
        match self.kind {
            Kind::Sonarr | Kind::Radarr => OnMissing::Keep,
            Kind::Shows => OnMissing::Grace { days: 2 },
            _ => OnMissing::Remove,
        }
    }

    /// Whether it knows who watched what.
    pub const fn has_viewer(&self) -> bool {
        matches!(self.kind, Kind::Jellyfin | Kind::Plex)
    }

    /// Whether it lists seasons.
    pub const fn has_seasons(&self) -> bool {
        matches!(self.kind, Kind::Jellyfin | Kind::Plex | Kind::Sonarr)
    }

    /// Whether it names what has no file.
    pub const fn is_manager(&self) -> bool {
        matches!(self.kind, Kind::Sonarr | Kind::Radarr)
    }

    /// The libraries that may hold films or shows.
    pub fn libraries_for(&self, shows: bool) -> impl Iterator<Item = usize> + '_ {
        let fits = move |(n, l): (usize, &Library)| (l.shows == shows).then_some(n);
        self.libraries.iter().enumerate().filter_map(fits)
    }

    /// An id that nothing has yet.
    pub fn fresh(&mut self) -> String {
        self.next += 1;
        format!("{}-{}", self.identity, self.next)
    }

    /// Whether it shows a work at all.
    pub fn has(&self, work: usize) -> bool {
        self.objects.keys().any(|((w, _), _)| *w == work)
    }

    /// Its libraries as it names them.
    pub fn remote_libraries(&self) -> Vec<RemoteLibrary> {
        let remote = |l: &Library| RemoteLibrary {
            remote_id: l.remote.clone(),
            name: l.name.to_owned(),
            kind: if l.shows { LibraryKind::Shows } else { LibraryKind::Movies },
        };
        self.libraries.iter().map(remote).collect()
    }
}

/// One object as it is listed: an observation for each part of its file, and what each one is.
pub type Told = Vec<(Thing, Observation)>;

impl World {
    /// What a library lists, object by object: shows first, then what hangs on them.
    pub fn listing(&self, server: usize, library: usize) -> Vec<Told> {
        let s = &self.servers[server];
        if let Some(alien) = &s.alien {
            let shows = s.libraries[library].shows;
            let films = alien.iter().filter(|_| !shows && library == 0);
            return films.map(|work| vec![self.alien_film(*work)]).collect();
        }
        let here = s.objects.iter().filter(|((_, l), _)| *l == library);
        here.map(|((thing, _), object)| self.told(s, *thing, object)).collect()
    }

    fn told(&self, server: &Server, (work, part): Thing, object: &Object) -> Told {
        let w = &self.works[work];
        let one = |thing, place, episode: Option<&Episode>| {
            (thing, self.observation(server, thing, object, (place, episode)))
        };
        let Part::Episode(n) = part else { return vec![one((work, part), 0, None)] };
        let mut told = vec![one((work, part), 0, w.episodes.get(n))];
        if w.episodes[n].joined {
            told.push(one((work, Part::Episode(n + 1)), 1, w.episodes.get(n + 1)));
        }
        told
    }

    fn observation(
        &self,
        server: &Server,
        (work, part): Thing,
        object: &Object,
        (place, episode): (u16, Option<&Episode>),
    ) -> Observation {
        let w = &self.works[work];
        let kind = match part {
            Part::Top if w.show => ItemKind::Show,
            Part::Top => ItemKind::Movie,
            Part::Season(_) => ItemKind::Season,
            Part::Episode(_) => ItemKind::Episode,
        };
        let mut o = Observation::new(object.remote.as_str(), kind);
        o.part = place;
        o.facts.title = Some(title((work, part), object.titled));
        if part != Part::Top {
            o.parent = self.show_of(server, work, object);
        }
        if part == Part::Top {
            o.facts.year = Some(year(work));
            o.facts.external_ids = external_ids(work, w, server.kind);
        }
        if let Part::Season(number) = part {
            o.facts.season_number = Some(number);
        }
        if let Some(episode) = episode {
            o.facts.season_number = Some(episode.season);
            o.facts.episode_number = Some(episode.number);
        }
        // Of a file with several episodes all parts name the same file.
        let file_of = match (part, place) {
            (Part::Episode(n), 1) => Part::Episode(n - 1),
            (part, _) => part,
        };
        if !matches!(kind, ItemKind::Show | ItemKind::Season) {
            let file = |version| file((work, file_of), object.moved, version, &server.name);
            o.facts.files = (0..object.files).map(file).collect();
        }
        if server.is_manager() && kind != ItemKind::Season {
            o.facts.monitored = Some(!work.is_multiple_of(3));
        }
        o.play = object.play.filter(|_| server.has_viewer() && place == 0);
        o
    }

    /// The server's id of the show in the library where an object of it is.
    fn show_of(&self, server: &Server, work: usize, object: &Object) -> Option<RemoteId> {
        let library = server.objects.iter().find(|(_, o)| o.remote == object.remote)?.0.1;
        let show = server.objects.get(&((work, Part::Top), library))?;
        Some(RemoteId(show.remote.clone()))
    }

    fn alien_film(&self, work: usize) -> (Thing, Observation) {
        let mut o = Observation::new(format!("alien-{work}"), ItemKind::Movie);
        o.facts.title = Some(title((work, Part::Top), 0));
        o.facts.year = Some(year(work));
        o.facts.external_ids = external_ids(work, &self.works[work], Kind::Jellyfin);
        o.facts.files = vec![file((work, Part::Top), 0, 0, "elsewhere")];
        ((work, Part::Top), o)
    }
}

/// How a thing is called.
pub fn title((work, part): Thing, titled: u32) -> String {
    let name = match part {
        Part::Top => format!("Work {work}"),
        Part::Season(n) => format!("Season {n} of {work}"),
        Part::Episode(n) => format!("Episode {n} of {work}"),
    };
    if titled == 0 { name } else { format!("{name}, called {titled}") }
}

/// When it came out.
pub fn year(work: usize) -> i32 {
    1960 + i32::try_from(work % 60).unwrap_or_default()
}

/// A film and a show may have the same number at the same provider.
fn external_ids(work: usize, w: &Work, kind: Kind) -> Vec<ExternalId> {
    if w.weak {
        return Vec::new();
    }
    let tmdb = (999 + work).to_string();
    let mut ids = if w.show {
        vec![(Provider::Tvdb, (1_000 + work).to_string()), (Provider::Tmdb, tmdb)]
    } else {
        vec![(Provider::Tmdb, (1_000 + work).to_string())]
    };
    if kind != Kind::Plex {
        ids.push((Provider::Imdb, format!("tt{:07}", 1_000 + work)));
    }
    ids.iter().filter_map(|(provider, value)| ExternalId::new(provider.clone(), value)).collect()
}

/// How a film is called where it is fetched.
pub fn release(film: usize) -> String {
    format!("Work.{film}.{}.1080p.WEB-DL", year(film))
}

/// The size of its file, by which it is known again in the library.
pub fn film_size(film: usize) -> u64 {
    1_000_000 + film as u64 * 10_000
}

fn file((work, part): Thing, moved: u32, version: u32, server: &str) -> FileRef {
    let (name, size) = match part {
        Part::Episode(n) => (format!("{work}e{n}"), n as u64 + 1),
        _ => (format!("{work}"), 0),
    };
    let size = film_size(work) + size * 10 + u64::from(version);
    FileRef::new(format!("/{server}/Work {work} {moved}/{name} v{version}.mkv"), Some(size))
}

/// A play state as a server tells it.
pub fn played(position: u32, played: bool, now: DateTime<Utc>) -> PlayState {
    PlayState {
        position_seconds: if played { 0 } else { i64::from(position) + 1 },
        played,
        play_count: i32::from(played),
        last_played_at: Some(now),
        carried: false,
    }
}
