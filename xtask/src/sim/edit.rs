//! What happens in the world: things come, go, move and are called something else.

use chrono::{DateTime, Utc};
use shelfread_domain::download::TransferState;

use super::clients::Client;
use super::script::{Going, Kind, Script, Step};
use super::world::{Episode, Object, Part, Server, Thing, Work, World, played};

/// Of several things the one that a number names.
pub fn picked<T>(of: &[T], pick: u32) -> Option<&T> {
    (!of.is_empty()).then(|| &of[pick as usize % of.len()])
}

impl World {
    /// The world in which a script begins.
    pub fn new(script: &Script) -> Self {
        let mut world = Self::default();
        for (n, kind) in script.servers.iter().enumerate() {
            world.identities += 1;
            world.servers.push(Server::new(*kind, n, world.identities));
        }
        for (n, kind) in script.clients.iter().enumerate() {
            world.clients.push(Client::new(kind.kind(), n));
        }
        for n in 0..script.films + script.shows {
            let show = n >= script.films;
            let weak = n % 5 == 4;
            let work = world.create(show, weak);
            // Without an id only one server has it, or nobody could say that it is the same.
            let servers = if weak { 1 } else { script.servers.len() };
            for place in 0..script.servers.len() {
                let first = n as usize % script.servers.len();
                if (place + first) % script.servers.len() < servers && (n + place as u32) % 3 != 1 {
                    world.get(place, work);
                }
            }
        }
        world
    }

    fn create(&mut self, show: bool, weak: bool) -> usize {
        let episodes = if show { 3 } else { 0 };
        let episode = |n| Episode { season: 1, number: n + 1, joined: false };
        let episodes = (0..episodes).map(episode).collect();
        self.works.push(Work { show, weak, episodes, ..Work::default() });
        self.works.len() - 1
    }

    /// Does what a step says.
    pub fn apply(&mut self, step: &Step, now: DateTime<Utc>) {
        let count = self.servers.len();
        let place = |pick: u32| pick as usize % count;
        match *step {
            Step::Get { server, work } => self.get_known(place(server), work),
            Step::New { server, show, weak } => {
                let work = self.create(show, weak);
                self.get(place(server), work);
            }
            Step::Lose { server, object } => self.lose(place(server), object),
            Step::LoseMany { server, percent } => self.lose_many(place(server), percent),
            Step::LoseEpisode { server, object } => self.lose_episode(place(server), object),
            Step::Air { show, season } => self.air(show, season),
            Step::Rename { server, object } => self.rename(place(server), object),
            Step::Renumber { show, episode, swap } => self.renumber(show, episode, swap),
            Step::MoveFile { server, object } => self.move_file(place(server), object),
            Step::MoveLibrary { server, object } => self.move_library(place(server), object),
            Step::Version { server, object } => self.version(place(server), object),
            Step::Pack { show, episode } => self.pack(show, episode),
            Step::Rebuild { server, other_server, reuses, forgets } => {
                self.rebuild(place(server), other_server, reuses && other_server, forgets);
            }
            Step::Swap { server } => self.swap(place(server)),
            Step::Watch { server, object, position, played } => {
                self.watch(place(server), object, played_now(position, played, now));
            }
            Step::Fetch { client, film } => self.fetch(client, film, now),
            Step::Go { client, job, to } => self.go(client, job, to, now),
            Step::Drop { client, job } => self.drop_job(client, job),
            _ => {}
        }
    }

    /// The film that a number names.
    pub fn picked_film(&self, pick: u32) -> Option<usize> {
        let is_film = |(n, w): (usize, &Work)| (!w.show && !w.alien).then_some(n);
        let films: Vec<_> = self.works.iter().enumerate().filter_map(is_film).collect();
        picked(&films, pick).copied()
    }

    /// The client that a number names.
    pub fn picked_client(&self, pick: u32) -> Option<usize> {
        (!self.clients.is_empty()).then(|| pick as usize % self.clients.len())
    }

    fn fetch(&mut self, client: u32, film: u32, now: DateTime<Utc>) {
        let (client, film) = (self.picked_client(client), self.picked_film(film));
        if let Some((client, film)) = client.zip(film) {
            self.clients[client].give(film, now);
        }
    }

    /// The client and the job in it that numbers name.
    fn picked_job(&self, client: u32, job: u32) -> Option<(usize, String)> {
        let client = self.picked_client(client)?;
        let ids: Vec<_> = self.clients[client].jobs.keys().cloned().collect();
        Some((client, picked(&ids, job)?.clone()))
    }

    fn go(&mut self, client: u32, job: u32, to: Going, now: DateTime<Utc>) {
        let Some((client, id)) = self.picked_job(client, job) else { return };
        let is_usenet = self.clients[client].kind.is_usenet();
        let Some(job) = self.clients[client].jobs.get_mut(&id).filter(|job| !job.finished) else {
            return;
        };
        job.state = match to {
            Going::Stalls => TransferState::Stalled,
            Going::GoesOn => TransferState::Downloading,
            Going::Fails => TransferState::Failed,
            Going::Finishes if is_usenet => TransferState::Completed,
            Going::Finishes => TransferState::Seeding,
        };
        if to == Going::Finishes {
            (job.finished, job.completed) = (true, Some(now));
        }
    }

    fn drop_job(&mut self, client: u32, job: u32) {
        if let Some((client, id)) = self.picked_job(client, job) {
            self.clients[client].jobs.remove(&id);
        }
    }

    fn get_known(&mut self, server: usize, pick: u32) {
        let shows = |show| self.servers[server].libraries_for(show).next().is_some();
        let fits = |(n, w): (usize, &Work)| (!w.alien && !w.weak && shows(w.show)).then_some(n);
        let known: Vec<_> = self.works.iter().enumerate().filter_map(fits).collect();
        if let Some(work) = picked(&known, pick).copied() {
            self.get(server, work);
        }
    }

    /// A server gets a work, whole, in its first library for it.
    pub fn get(&mut self, server: usize, work: usize) {
        let w = &self.works[work];
        let (show, episodes) = (w.show, w.episodes.clone());
        // Whoever has it already gets it once more, in another library.
        let s = &self.servers[server];
        let free = |library: &usize| !s.objects.contains_key(&((work, Part::Top), *library));
        let Some(library) = s.libraries_for(show).find(free) else { return };
        let untold = show && !self.works[work].untold.is_empty();
        self.works[work].loose |= untold;
        self.put(server, library, (work, Part::Top));
        let mut after_joined = false;
        for (n, episode) in episodes.iter().enumerate() {
            if !after_joined {
                self.put(server, library, (work, Part::Episode(n)));
            }
            after_joined = episode.joined;
        }
        self.tidy_seasons(server);
    }

    fn put(&mut self, server: usize, library: usize, thing: Thing) {
        let s = &mut self.servers[server];
        if s.objects.contains_key(&(thing, library)) {
            return;
        }
        let files = u32::from(!s.is_manager() || (thing.0 + library).is_multiple_of(2));
        self.works[thing.0].filed |= files > 0;
        let object = Object { remote: s.fresh(), titled: 0, moved: 0, files, play: None };
        s.objects.insert((thing, library), object);
    }

    /// Seasons are there as long as an episode of them is.
    fn tidy_seasons(&mut self, server: usize) {
        let s = &self.servers[server];
        if !s.has_seasons() {
            return;
        }
        let season = |((work, part), library): &(Thing, usize)| match part {
            Part::Episode(n) => {
                Some(((*work, Part::Season(self.works[*work].episodes[*n].season)), *library))
            }
            _ => None,
        };
        let wanted: Vec<_> = s.objects.keys().filter_map(season).collect();
        let s = &mut self.servers[server];
        s.objects.retain(|key, _| !matches!(key.0.1, Part::Season(_)) || wanted.contains(key));
        for (thing, library) in wanted {
            self.put(server, library, thing);
        }
    }

    /// The films and shows of a server, with their libraries.
    fn tops(&self, server: usize) -> Vec<(usize, usize)> {
        let top = |((work, part), library): &(Thing, usize)| {
            (*part == Part::Top).then_some((*work, *library))
        };
        self.servers[server].objects.keys().filter_map(top).collect()
    }

    fn lose(&mut self, server: usize, pick: u32) {
        if let Some((work, library)) = picked(&self.tops(server), pick).copied() {
            self.servers[server].objects.retain(|((w, _), l), _| (*w, *l) != (work, library));
        }
    }

    fn lose_many(&mut self, server: usize, percent: u32) {
        let tops = self.tops(server);
        let count = tops.len() * percent as usize / 100;
        for (work, library) in tops.into_iter().take(count) {
            self.servers[server].objects.retain(|((w, _), l), _| (*w, *l) != (work, library));
        }
    }

    fn lose_episode(&mut self, server: usize, pick: u32) {
        let is_episode = |k: &&(Thing, usize)| matches!(k.0.1, Part::Episode(_));
        let episodes: Vec<_> =
            self.servers[server].objects.keys().filter(is_episode).copied().collect();
        if let Some(key) = picked(&episodes, pick) {
            self.servers[server].objects.remove(key);
        }
        self.tidy_seasons(server);
    }

    fn picked_show(&self, pick: u32) -> Option<usize> {
        let shows: Vec<_> = (0..self.works.len()).filter(|w| self.works[*w].show).collect();
        picked(&shows, pick).copied()
    }

    fn air(&mut self, pick: u32, season: u32) {
        let Some(work) = self.picked_show(pick) else { return };
        let season = i32::try_from(season).unwrap_or_default();
        let episodes = &mut self.works[work].episodes;
        let last = episodes.iter().filter(|e| e.season == season).map(|e| e.number).max();
        if episodes.len() >= 12 {
            return;
        }
        episodes.push(Episode { season, number: last.unwrap_or(0) + 1, joined: false });
        let n = episodes.len() - 1;
        for server in 0..self.servers.len() {
            for (w, library) in self.tops(server) {
                if w == work {
                    self.put(server, library, (work, Part::Episode(n)));
                }
            }
            self.tidy_seasons(server);
        }
    }

    fn rename(&mut self, server: usize, pick: u32) {
        let keys: Vec<_> = self.servers[server].objects.keys().copied().collect();
        if let Some(key) = picked(&keys, pick) {
            self.changed(key.0.0, server);
            if let Some(object) = self.servers[server].objects.get_mut(key) {
                object.titled += 1;
            }
        }
    }

    /// Of what has no id, one change at a time can be followed.
    fn changed(&mut self, work: usize, server: usize) {
        let w = &mut self.works[work];
        if w.weak && !w.untold.insert(server) {
            w.loose = true;
        }
    }

    fn renumber(&mut self, pick: u32, episode: u32, swap: bool) {
        let Some(work) = self.picked_show(pick) else { return };
        let has_it: Vec<_> =
            (0..self.servers.len()).filter(|s| self.servers[*s].has(work)).collect();
        let w = &mut self.works[work];
        if w.episodes.iter().any(|e| e.joined) {
            return;
        }
        let n = episode as usize % w.episodes.len().max(1);
        let Some(one) = w.episodes.get(n).copied() else { return };
        let last = w.episodes.iter().filter(|e| e.season == one.season).map(|e| e.number).max();
        let other = w.episodes.iter().position(|e| *e != one && e.season == one.season);
        match other.filter(|_| swap) {
            Some(other) => {
                w.episodes[n].number = w.episodes[other].number;
                w.episodes[other].number = one.number;
            }
            None => w.episodes[n].number = last.unwrap_or(0) + 1,
        }
        // Several servers tell it at different times, and in between nobody can know. One that
        // lost it may still be remembered.
        let tellers = self.servers.iter().filter(|s| s.libraries_for(true).next().is_some());
        w.loose |= has_it.is_empty() || tellers.count() > 1 || !w.untold.is_empty();
        w.untold.extend(has_it);
    }

    fn move_file(&mut self, server: usize, pick: u32) {
        let with_file = |(_, o): &(&(Thing, usize), &Object)| o.files > 0;
        let objects = self.servers[server].objects.iter().filter(with_file);
        let keys: Vec<_> = objects.map(|(key, _)| *key).collect();
        if let Some(key) = picked(&keys, pick) {
            self.changed(key.0.0, server);
            if let Some(object) = self.servers[server].objects.get_mut(key) {
                object.moved += 1;
            }
        }
    }

    fn move_library(&mut self, server: usize, pick: u32) {
        let Some((work, from)) = picked(&self.tops(server), pick).copied() else { return };
        let show = self.works[work].show;
        let s = &mut self.servers[server];
        let Some(to) = s.libraries_for(show).find(|l| *l != from) else { return };
        if s.objects.contains_key(&((work, Part::Top), to)) {
            return;
        }
        if let Some(object) = s.objects.remove(&((work, Part::Top), from)) {
            let remote = s.fresh();
            s.objects.insert(((work, Part::Top), to), Object { remote, ..object });
        }
        self.changed(work, server);
    }

    fn version(&mut self, server: usize, pick: u32) {
        let s = &mut self.servers[server];
        let films = s.objects.iter_mut().filter(|(key, o)| key.0.1 == Part::Top && o.files > 0);
        let works = &self.works;
        let mut films: Vec<_> = films.filter(|(key, _)| !works[key.0.0].show).collect();
        let count = films.len().max(1);
        if let Some((_, object)) = films.get_mut(pick as usize % count) {
            object.files = 3 - object.files.min(2);
        }
    }

    fn pack(&mut self, pick: u32, episode: u32) {
        let Some(work) = self.picked_show(pick) else { return };
        let episodes = &mut self.works[work].episodes;
        let follows = |n: &usize| {
            let (one, next) = (episodes[*n], episodes[*n + 1]);
            let alone = *n == 0 || !episodes[*n - 1].joined;
            (one.season, one.number + 1) == (next.season, next.number) && !next.joined && alone
        };
        let pairs: Vec<_> = (0..episodes.len().saturating_sub(1)).filter(follows).collect();
        let Some(n) = picked(&pairs, episode).copied() else { return };
        episodes[n].joined = !episodes[n].joined;
        let joined = episodes[n].joined;
        let untold = !self.works[work].untold.is_empty();
        self.works[work].loose |= untold;
        for server in 0..self.servers.len() {
            self.repack(server, (work, n), joined);
            self.tidy_seasons(server);
        }
    }

    fn repack(&mut self, server: usize, (work, n): (usize, usize), joined: bool) {
        let (first, second) = ((work, Part::Episode(n)), (work, Part::Episode(n + 1)));
        for library in 0..self.servers[server].libraries.len() {
            let objects = &mut self.servers[server].objects;
            let has_first = objects.contains_key(&(first, library));
            if joined && objects.remove(&(second, library)).is_some() {
                self.put(server, library, first);
            } else if !joined && has_first {
                self.put(server, library, second);
            }
        }
    }

    fn rebuild(&mut self, server: usize, other: bool, reuses: bool, forgets: bool) {
        if other {
            self.identities += 1;
        }
        let identity = self.identities;
        for work in 0..self.works.len() {
            if self.servers[server].has(work) {
                let w = &mut self.works[work];
                w.loose |= !w.untold.is_empty();
                w.untold.insert(server);
            }
        }
        let s = &mut self.servers[server];
        if other {
            s.identity = identity;
        }
        let mut ids: Vec<String> = s.objects.values().map(|o| o.remote.clone()).collect();
        let by = usize::from(!ids.is_empty());
        ids.rotate_left(by);
        let keys: Vec<_> = s.objects.keys().copied().collect();
        for (key, old) in keys.into_iter().zip(ids) {
            let remote = if reuses { old } else { s.fresh() };
            let Some(object) = s.objects.get_mut(&key) else { continue };
            object.remote = remote;
            object.play = object.play.filter(|_| !forgets);
        }
        if !reuses {
            for library in 0..s.libraries.len() {
                s.libraries[library].remote = format!("L{}", s.fresh());
            }
        }
    }

    fn swap(&mut self, server: usize) {
        if self.servers[server].alien.take().is_some() {
            return;
        }
        let alien = |world: &mut Self| {
            let work = world.create(false, false);
            world.works[work].alien = true;
            work
        };
        let films = (0..2).map(|_| alien(self)).collect();
        self.servers[server].alien = Some(films);
    }

    fn watch(&mut self, server: usize, pick: u32, state: shelfread_domain::PlayState) {
        let s = &mut self.servers[server];
        if !matches!(s.kind, Kind::Jellyfin | Kind::Plex) {
            return;
        }
        let works = &self.works;
        let can = |(key, _): &(&(Thing, usize), &mut Object)| match key.0.1 {
            Part::Top => !works[key.0.0].show,
            Part::Season(_) => false,
            Part::Episode(_) => true,
        };
        let mut objects: Vec<_> = s.objects.iter_mut().filter(can).collect();
        let count = objects.len().max(1);
        if let Some((_, object)) = objects.get_mut(pick as usize % count) {
            object.play = Some(state);
        }
    }
}

fn played_now(position: u32, is_played: bool, now: DateTime<Utc>) -> shelfread_domain::PlayState {
    played(position, is_played, now)
}
