//! The torrents of a client, whichever program shows them, and what befalls them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::metainfo::{Metainfo, hash};

/// When the time of a client begins, in seconds since 1970.
const BEGINNING: i64 = 1_795_000_000;

/// Where everything is put that comes without a folder.
const FOLDER: &str = "/dl";

/// The torrents of a client. Clones are the same ones, so a test keeps one and gives one away.
#[derive(Clone, Debug, Default)]
pub struct Torrents(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub torrents: Vec<Torrent>,
    /// Seconds that went by.
    elapsed: f64,
    /// The time of the last look, where the clock drives.
    live: Option<Instant>,
    /// What torrents receive that come without a speed, in bytes per second.
    speed: u64,
    /// Who has logged in since the last restart.
    pub sessions: Vec<String>,
    restarts: u64,
    logins: u64,
}

/// One torrent.
#[derive(Clone, Debug)]
pub(super) struct Torrent {
    pub hash: String,
    pub name: String,
    /// Unknown as long as only the magnet is there.
    pub size: Option<u64>,
    /// Bytes that are there.
    pub done: f64,
    /// Bytes per second that come.
    pub speed: u64,
    pub stopped: bool,
    pub label: String,
    pub folder: String,
    /// When it came and when it was whole, in seconds since 1970.
    pub added: i64,
    pub completed: Option<i64>,
    /// Why it cannot go on.
    pub error: Option<String>,
}

/// What somebody wants with a torrent that they add.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub stopped: bool,
    pub label: String,
    pub folder: Option<String>,
}

impl Torrents {
    /// A client without torrents, in which nobody sends anything until a test says so.
    pub fn new() -> Self {
        Self::default()
    }

    /// A client whose torrents receive that many bytes per second, by the clock.
    pub fn live(bytes_per_second: u64) -> Self {
        let torrents = Self::new();
        (torrents.lock().live, torrents.lock().speed) = (Some(Instant::now()), bytes_per_second);
        torrents
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody adds a torrent in the program itself; its hash, which is made of its name.
    pub fn add(&self, name: &str, size: u64) -> String {
        let info = Metainfo { hash: hash(name.as_bytes()), name: name.into(), size: Some(size) };
        self.lock().add(info, Wish::default()).0
    }

    /// Many torrents that are whole and seed.
    pub fn fill(&self, count: usize) {
        for number in 0..count {
            let hash =
                self.add(&format!("Some.Show.S{:02}E{:02}", number / 24, number % 24), 1 << 30);
            self.finish(&hash);
        }
    }

    /// That many bytes per second come for it from now on.
    pub fn set_speed(&self, hash: &str, bytes_per_second: u64) {
        self.change(hash, |torrent, _| torrent.speed = bytes_per_second);
    }

    /// Everything that was missing is there.
    pub fn finish(&self, hash: &str) {
        self.change(hash, |torrent, now| {
            let size = *torrent.size.get_or_insert(1 << 20);
            torrent.done = size as f64;
            torrent.completed.get_or_insert(now);
        });
    }

    /// It cannot go on: its data is gone.
    pub fn fail(&self, hash: &str, why: &str) {
        self.change(hash, |torrent, _| torrent.error = Some(why.to_owned()));
    }

    /// Somebody removes it in the program itself.
    pub fn remove(&self, hash: &str) {
        self.lock().torrents.retain(|torrent| torrent.hash != hash);
    }

    /// Seconds go by.
    pub fn advance(&self, seconds: u32) {
        self.lock().advance(f64::from(seconds));
    }

    /// The program starts again: sessions end, and the first `lost` torrents are not there any
    /// more.
    pub fn restart(&self, lost: usize) {
        let mut state = self.lock();
        let lost = lost.min(state.torrents.len());
        state.torrents.drain(..lost);
        state.sessions.clear();
        state.restarts += 1;
    }

    /// Whether everything of it is there, by now.
    pub fn is_whole(&self, hash: &str) -> bool {
        let mut state = self.lock();
        state.look();
        state.find(hash).is_some_and(|torrent| torrent.is_whole())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().torrents.len()
    }

    fn change(&self, hash: &str, change: impl FnOnce(&mut Torrent, i64)) {
        let mut state = self.lock();
        let now = state.now();
        if let Some(torrent) = state.torrents.iter_mut().find(|t| t.hash == hash) {
            change(torrent, now);
        }
    }
}

impl State {
    /// Lets the time go by that went by since the last look.
    pub fn look(&mut self) {
        if let Some(last) = self.live {
            self.live = Some(Instant::now());
            self.advance(last.elapsed().as_secs_f64());
        }
    }

    fn advance(&mut self, seconds: f64) {
        self.elapsed += seconds;
        let now = self.now();
        for torrent in &mut self.torrents {
            torrent.receive(seconds, now);
        }
    }

    /// Seconds since 1970.
    fn now(&self) -> i64 {
        BEGINNING + self.elapsed as i64
    }

    /// Adds it unless it is there; its hash, and whether it was there.
    pub fn add(&mut self, info: Metainfo, wish: Wish) -> (String, bool) {
        if self.find(&info.hash).is_some() {
            return (info.hash, true);
        }
        let torrent = Torrent {
            hash: info.hash.clone(),
            name: info.name,
            size: info.size,
            done: 0.0,
            speed: self.speed,
            stopped: wish.stopped,
            label: wish.label,
            folder: wish.folder.unwrap_or_else(|| FOLDER.to_owned()),
            added: self.now(),
            completed: None,
            error: None,
        };
        self.torrents.push(torrent);
        (info.hash, false)
    }

    pub fn find(&mut self, hash: &str) -> Option<&mut Torrent> {
        self.torrents.iter_mut().find(|torrent| torrent.hash == hash)
    }

    /// The session of everybody, another one after each restart.
    pub fn session(&self) -> String {
        format!("{:08x}", self.restarts + 1)
    }

    /// The session of one who has just logged in.
    pub fn log_in(&mut self) -> String {
        self.logins += 1;
        let session = format!("{:08x}", self.logins);
        self.sessions.push(session.clone());
        session
    }
}

impl Torrent {
    fn receive(&mut self, seconds: f64, now: i64) {
        let Some(size) = self.size.filter(|_| self.receives()) else { return };
        self.done = (self.done + self.speed as f64 * seconds).min(size as f64);
        if self.is_whole() {
            self.completed = Some(now);
        }
    }

    pub fn receives(&self) -> bool {
        !self.stopped && !self.is_whole() && self.error.is_none()
    }

    /// Whether bytes come.
    pub fn moves(&self) -> bool {
        self.receives() && self.speed > 0 && self.size.is_some()
    }

    pub fn is_whole(&self) -> bool {
        self.size.is_some_and(|size| self.done >= size as f64)
    }

    /// Bytes that are missing.
    pub fn left(&self) -> u64 {
        self.size.map_or(0, |size| size - (self.done as u64).min(size))
    }

    /// What is there, from 0 to 1.
    pub fn share(&self) -> f64 {
        self.size.map_or(0.0, |size| if size == 0 { 1.0 } else { self.done / size as f64 })
    }

    /// Seconds until it is whole, if bytes come.
    pub fn eta(&self) -> Option<u64> {
        self.left().checked_div(self.speed).filter(|_| self.moves())
    }
}
