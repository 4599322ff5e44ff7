//! The household: one collection, shown by several servers that do not quite agree, and two
//! download clients. The same seed is the same household.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use shelfread_domain::ItemKind;
use shelfread_simulator::{
    Arr, Jellyfin, Object, ObjectId, Plex, Running, Size, TorrentClient, Torrents, World,
};

/// What is on the shelves.
const SIZE: Size = Size { films: 140, shows: 26, episodes: 540 };
/// Films that are looked for.
const WANTED: usize = 9;
/// Films that will turn up while somebody looks.
const TO_COME: u64 = 200;
/// Films that are on a disk that no server knows.
const ON_DISK: usize = 14;
const PASSWORD: &str = "demo";

/// The household.
pub struct House {
    /// What the living room has: the Jellyfin.
    pub den: World,
    /// What the Plex has: less, and one film under two names.
    pub attic: World,
    /// What the library managers look for: everything, and a few more films.
    pub wanted: World,
    /// What will turn up.
    pub to_come: Vec<Object>,
    /// What is looked for and not there, in the managers' world.
    pub missing: Vec<ObjectId>,
    /// What of it the first download client has, with its hash there.
    pub coming: Vec<(ObjectId, String)>,
    pub servers: Servers,
    pub boxed: Torrents,
    pub seeds: Torrents,
    disk: PathBuf,
}

/// The programs of the household.
pub struct Servers {
    pub den: Running,
    pub attic: Running,
    pub cabin: Running,
    pub series: Running,
    pub films: Running,
    pub boxed: Running,
    pub seedbox: Running,
}

impl House {
    /// Makes everything and starts the servers; what is on a disk goes below `folder`.
    pub async fn build(seed: u64, folder: &Path) -> io::Result<Self> {
        let den = World::generate(seed, SIZE);
        let stock = World::generate(seed ^ 0x5eed, Size { films: TO_COME, ..Size::default() });
        let ids = stock.ids(ItemKind::Movie);
        // Numbers that nothing else has.
        ids.iter().for_each(|id| stock.edit(*id, |o| o.provider_ids = tmdb(600_000 + id.0)));
        let mut to_come: Vec<_> = ids.into_iter().filter_map(|id| stock.get(id)).collect();
        let (attic, cabin, wanted) = (den.fork(), den.fork(), den.fork());
        attic.remove_some(35, seed);
        cabin.remove_some(80, seed ^ 1);
        mix_up(&attic);
        let missing: Vec<_> =
            to_come.split_off(to_come.len() - WANTED).iter().map(|o| put(&wanted, o)).collect();
        missing.iter().for_each(|id| wanted.edit(*id, |o| o.versions.clear()));
        let (boxed, seeds) = (Torrents::live(0), Torrents::live(0));
        let servers = Servers {
            den: Jellyfin::new(&den).name("den").start().await?,
            attic: Plex::new(&attic).name("attic").start().await?,
            cabin: Jellyfin::emby(&cabin).name("cabin").start().await?,
            series: Arr::sonarr(&wanted).name("series").start().await?,
            films: Arr::radarr(&wanted).name("films").start().await?,
            boxed: TorrentClient::transmission(&boxed).account("anna", PASSWORD).start().await?,
            seedbox: TorrentClient::qbittorrent(&seeds, 11)
                .account("anna", PASSWORD)
                .start()
                .await?,
        };
        let disk = folder.join("disk/films");
        lay_out(&den, &disk)?;
        let coming = Vec::new();
        Ok(Self { den, attic, wanted, to_come, missing, coming, servers, boxed, seeds, disk })
    }

    /// The configuration that knows all of it.
    pub fn configuration(&self, port: u16, folder: &Path) -> String {
        let s = &self.servers;
        let mut text = format!(
            "data_dir = {data:?}\n[server]\nlisten = \"127.0.0.1:{port}\"\n\
             [schedule]\nfull = \"10m\"\nquick = \"1m\"\n[downloads]\npoll = \"2s\"\n",
            data = folder.join("data")
        );
        for (name, kind, server) in [
            ("den", "jellyfin", &s.den),
            ("attic", "plex", &s.attic),
            ("films", "radarr", &s.films),
            ("series", "sonarr", &s.series),
            ("cabin", "emby", &s.cabin),
        ] {
            let (url, token) = (server.url(), server.token());
            source(&mut text, name, kind, &format!("url = \"{url}\"\ntoken = \"{token}\""));
        }
        source(&mut text, "disk", "folder", &format!("path = {:?}\nmedia = \"movies\"", self.disk));
        for (name, kind, server) in
            [("box", "transmission", &s.boxed), ("seedbox", "qbittorrent", &s.seedbox)]
        {
            let url = server.url();
            // Writing to a text does not fail.
            let _ = write!(
                text,
                "[[download_client]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl = \"{url}\"\n\
                 username = \"anna\"\npassword = \"{PASSWORD}\"\n"
            );
        }
        text
    }
}

fn source(text: &mut String, name: &str, kind: &str, rest: &str) {
    // Writing to a text does not fail.
    let _ = write!(text, "[[source]]\nname = \"{name}\"\nkind = \"{kind}\"\n{rest}\n");
}

/// A film of another world in this one.
pub fn put(world: &World, film: &Object) -> ObjectId {
    let id = world.add_movie(&film.title, film.year.unwrap_or(2_000));
    world.edit(id, |o| {
        o.overview = film.overview.clone();
        o.premiered = film.premiered;
        o.runtime_seconds = film.runtime_seconds;
        o.provider_ids.clone_from(&film.provider_ids);
    });
    id
}

/// What people call a film who send it to each other.
pub fn release(film: &Object) -> String {
    let words: Vec<_> = film.title.split(|c: char| !c.is_alphanumeric()).collect();
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    format!("{}.{}.1080p.WEB-DL.x264-DEMO", words.join("."), film.year.unwrap_or(2_000))
}

fn tmdb(number: u32) -> Vec<(&'static str, String)> {
    vec![("Tmdb", number.to_string())]
}

/// One film claims to be two: its listing has to wait for a person.
fn mix_up(world: &World) {
    let films = world.ids(ItemKind::Movie).into_iter().filter_map(|id| world.get(id));
    let mut known = films.filter(|film| film.provider_ids.len() == 2);
    let (Some(one), Some(other)) = (known.next(), known.next()) else { return };
    world.edit(one.id, |o| o.provider_ids[1] = other.provider_ids[1].clone());
}

/// Some films as files in folders. They are as long as the servers say and hold nothing.
fn lay_out(world: &World, disk: &Path) -> io::Result<()> {
    let films = world.ids(ItemKind::Movie).into_iter().filter_map(|id| world.get(id));
    for film in films.step_by(SIZE.films as usize / ON_DISK) {
        for version in &film.versions {
            let mut parts = version.path.rsplit('/');
            let (Some(file), Some(name)) = (parts.next(), parts.next()) else { continue };
            fs::create_dir_all(disk.join(name))?;
            let file = fs::File::create(disk.join(name).join(file))?;
            // A disk that knows no holes in files gets empty ones.
            if file.set_len(version.size).is_err() {
                file.set_len(0)?;
            }
        }
    }
    Ok(())
}
