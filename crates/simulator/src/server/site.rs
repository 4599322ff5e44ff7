//! What one simulated server has of its own: which world it shows, under which ids and name, to
//! whom, and what its users did.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use shelfread_domain::PlayState;

use super::message::Request;
use crate::world::{Object, ObjectId, World, mix};

/// A user of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Their name.
    pub name: String,
    /// Whether they may do everything.
    pub admin: bool,
}

/// How a server spells its ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IdForm {
    /// 32 hexadecimal digits that depend on the place of the files.
    Hex,
    /// Short decimal numbers.
    Decimal,
    /// Short decimal numbers for objects, long ids with dashes for libraries.
    Rating,
}

/// Which generation of ids a server is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Epochs {
    pub objects: u64,
    pub libraries: u64,
    pub users: u64,
    /// Neighbours have each other's ids, as when a database is made anew in another order.
    pub swapped: bool,
}

pub(crate) struct Site {
    pub world: World,
    pub server_id: String,
    pub users: Vec<User>,
    form: IdForm,
    epochs: Epochs,
    plays: HashMap<(usize, ObjectId), (PlayState, DateTime<Utc>)>,
    forgotten: bool,
    revision: u64,
    cache: Cache,
}

/// What was worked out for one revision of world and site.
#[derive(Default)]
struct Cache {
    stamp: (u64, u64),
    lists: HashMap<String, Arc<[ObjectId]>>,
    pages: HashMap<String, Bytes>,
    objects: Option<HashMap<u128, ObjectId>>,
    /// The pages that were ever asked for, so that they can be made before they are asked again.
    asked: HashMap<String, Request>,
}

impl Site {
    pub fn new(world: World, form: IdForm, server_id: String, users: Vec<User>) -> Self {
        Self {
            world,
            server_id,
            users,
            form,
            epochs: Epochs::default(),
            plays: HashMap::new(),
            forgotten: false,
            revision: 0,
            cache: Cache::default(),
        }
    }

    /// Throws away what was worked out for an older revision.
    pub fn refresh(&mut self) {
        let stamp = (self.world.read().revision, self.revision);
        if stamp != self.cache.stamp {
            let asked = std::mem::take(&mut self.cache.asked);
            self.cache = Cache { stamp, asked, ..Cache::default() };
        }
    }

    pub fn show(&mut self, world: World) {
        self.world = world;
        self.revision += 1;
        self.cache = Cache::default();
    }

    pub fn change_epochs(&mut self, change: impl FnOnce(&mut Epochs)) {
        change(&mut self.epochs);
        self.revision += 1;
    }

    /// All ids are new, nobody ever watched anything, and the server has another id.
    pub fn rebuild(&mut self) {
        self.change_epochs(|e| {
            (e.objects, e.libraries, e.users) = (e.objects + 1, e.libraries + 1, e.users + 1);
        });
        self.server_id = format!("{:032x}", mix(self.revision) as u128 | 1 << 127);
        self.forget();
    }

    pub fn forget(&mut self) {
        self.plays.clear();
        self.forgotten = true;
        self.revision += 1;
    }

    /// The list of that name, made if it is not there.
    pub fn list(
        &mut self,
        key: &str,
        make: impl FnOnce(&Self) -> Vec<ObjectId>,
    ) -> Arc<[ObjectId]> {
        if let Some(list) = self.cache.lists.get(key) {
            return Arc::clone(list);
        }
        let list: Arc<[ObjectId]> = make(self).into();
        self.cache.lists.insert(key.to_owned(), Arc::clone(&list));
        list
    }

    pub fn page(&self, key: &str) -> Option<Bytes> {
        self.cache.pages.get(key).cloned()
    }

    pub fn keep_page(&mut self, key: String, request: &Request, body: Bytes) {
        self.cache.asked.entry(key.clone()).or_insert_with(|| request.clone());
        self.cache.pages.insert(key, body);
    }

    pub fn asked(&self) -> Vec<Request> {
        self.cache.asked.values().cloned().collect()
    }
}

/// Ids.
impl Site {
    fn number(&self, object: &Object) -> u128 {
        let n = u64::from(object.id.0) ^ u64::from(self.epochs.swapped);
        match self.form {
            IdForm::Decimal | IdForm::Rating => {
                u128::from(1_000 + self.epochs.objects * 500_000_000 + n)
            }
            IdForm::Hex => hex(self.epochs.objects, n | u64::from(object.moves) << 32),
        }
    }

    fn spell(&self, number: u128) -> String {
        match self.form {
            IdForm::Hex => format!("{number:032x}"),
            IdForm::Decimal | IdForm::Rating => number.to_string(),
        }
    }

    /// The server's id of an object.
    pub fn id(&self, object: &Object) -> String {
        self.spell(self.number(object))
    }

    /// The object of that id, with or without dashes.
    pub fn object(&mut self, id: &str) -> Option<ObjectId> {
        let number = match self.form {
            IdForm::Hex => u128::from_str_radix(&id.replace('-', ""), 16).ok()?,
            IdForm::Decimal | IdForm::Rating => id.parse().ok()?,
        };
        if self.cache.objects.is_none() {
            let shelves = self.world.read();
            let ids = shelves.all().map(|o| (self.number(o), o.id)).collect();
            drop(shelves);
            self.cache.objects = Some(ids);
        }
        self.cache.objects.as_ref()?.get(&number).copied()
    }

    /// The server's id of a library.
    pub fn library_id(&self, library: usize) -> String {
        match self.form {
            IdForm::Hex => self.spell(hex(self.epochs.libraries + (1 << 32), library as u64)),
            IdForm::Rating => self.uuid(library as u64),
            IdForm::Decimal => (3 + self.epochs.libraries * 100 + library as u64).to_string(),
        }
    }

    /// Two servers never have the same one.
    fn uuid(&self, library: u64) -> String {
        let server = self.server_id.bytes().fold(5, |n, b| mix(n ^ u64::from(b)));
        let text = format!("{:032x}", hex(server ^ self.epochs.libraries, library));
        [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
    }

    /// The library of that id.
    pub fn library(&self, id: &str) -> Option<usize> {
        let id = id.replace('-', "").to_ascii_lowercase();
        (0..self.world.read().libraries.len()).find(|n| self.library_id(*n) == id)
    }

    /// The id of a user; 32 hexadecimal digits on every server.
    pub fn user_id(&self, user: usize) -> String {
        format!("{:032x}", hex(self.epochs.users + (2 << 32), user as u64))
    }

    /// The user of that id.
    pub fn user(&self, id: &str) -> Option<usize> {
        let id = id.replace('-', "").to_ascii_lowercase();
        (0..self.users.len()).find(|n| self.user_id(*n) == id)
    }
}

fn hex(epoch: u64, n: u64) -> u128 {
    let high = mix(mix(epoch) ^ n);
    u128::from(high) << 64 | u128::from(mix(high ^ 0x5bd1_e995))
}

/// What users did.
impl Site {
    /// What a user did with an object; the first user has seen what the world says.
    pub fn play(&self, user: usize, object: &Object) -> Option<PlayState> {
        let own = self.plays.get(&(user, object.id)).map(|(play, _)| *play);
        own.or(object.play.filter(|_| user == 0 && !self.forgotten))
    }

    /// When that was last changed.
    pub fn play_saved_at(&self, user: usize, object: &Object) -> DateTime<Utc> {
        self.plays.get(&(user, object.id)).map_or(object.play_saved_at, |(_, at)| *at)
    }

    pub fn set_play(&mut self, user: usize, object: ObjectId, play: PlayState) {
        let now = self.world.read().now();
        self.plays.insert((user, object), (play, now));
        self.revision += 1;
    }
}
