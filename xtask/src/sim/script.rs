//! Scripts: what happens in one simulation, step by step, as data. A script is made from a seed,
//! written down when it fails, shrunk and played again.
//!
//! A step names what it is about by a number that is counted round among what is there when it
//! is played. So a script from which steps were taken still makes sense.

use serde::{Deserialize, Serialize};
use shelfread_domain::download::ClientKind;

use super::random::Random;

/// What happens in one simulation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// From which it was made.
    pub seed: u64,
    /// The servers, by kind.
    pub servers: Vec<Kind>,
    /// The download clients, by kind.
    #[serde(default)]
    pub clients: Vec<Fetcher>,
    /// Films that are there when it begins.
    pub films: u32,
    /// Shows that are there when it begins.
    pub shows: u32,
    /// What happens.
    pub steps: Vec<Step>,
}

/// What kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Jellyfin,
    Plex,
    Sonarr,
    Radarr,
    Films,
    Shows,
}

/// What kind of download client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fetcher {
    Torrents,
    Usenet,
}

impl Fetcher {
    /// A program of this kind.
    pub const fn kind(self) -> ClientKind {
        match self {
            Self::Torrents => ClientKind::Transmission,
            Self::Usenet => ClientKind::Sabnzbd,
        }
    }
}

/// What goes wrong with a server in one sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nobody answers.
    Down,
    /// 401.
    Unauthorized,
    /// A page of HTML where the server should be.
    Html,
    /// The libraries cannot be read (5xx).
    Libraries,
    /// One of the libraries is not named.
    LessLibraries(u32),
    /// 5xx after so many pages.
    FailAfter(u32),
    /// Cut off after so many pages, without a word.
    EndAfter(u32),
    /// Everything comes, and the total says that there is more.
    Short,
    /// The server answers that it has nothing.
    Empty,
    /// Everything comes twice.
    Twice,
    /// Everything comes in another order.
    Reversed,
    /// One object cannot be read; its id can, or not.
    Bad(u32, bool),
    /// It takes its time.
    Slow,
}

/// How a sync is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything.
    Full,
    /// What changed.
    Quick,
    /// Shown first, then done; both must say the same.
    Shown,
    /// Twice; the second one must write nothing.
    Twice,
    /// Facts are only completed.
    Fill,
    /// Only new items.
    Skip,
}

/// What a server tells without being asked, whether it is so or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// Something happened to an object that it has.
    Object,
    /// Something happened to an object that nobody has.
    Unheard,
    /// Something changed.
    Changed,
    /// Something is gone.
    Gone,
}

/// What goes wrong with a download client while it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Nobody answers.
    Down,
    /// 401.
    Refused,
    /// The answer is cut off.
    Garbled,
    /// It was just started and names half of what it has.
    Short,
    /// It names everything twice.
    Twice,
    /// It names everything in another order.
    Reversed,
    /// It does what it is told, and the answer is lost.
    NoWord,
    /// It does nothing that it is told, and says so.
    Rejects,
}

/// What becomes of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Going {
    /// Nobody sends.
    Stalls,
    /// It receives.
    GoesOn,
    /// It cannot go on.
    Fails,
    /// Everything is there.
    Finishes,
}

/// What a person orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    Pause,
    Resume,
    Cancel,
    Retry,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A server gets a film or show that is known elsewhere.
    Get { server: u32, work: u32 },
    /// Something new comes to a server; `weak` things have no external id.
    New { server: u32, show: bool, weak: bool },
    /// A film or show goes from one server.
    Lose { server: u32, object: u32 },
    /// So many things go from one server at once.
    LoseMany { server: u32, percent: u32 },
    /// An episode goes from one server.
    LoseEpisode { server: u32, object: u32 },
    /// A show has a new episode, everywhere.
    Air { show: u32, season: u32 },
    /// A server calls something by another title.
    Rename { server: u32, object: u32 },
    /// The provider numbers an episode anew.
    Renumber { show: u32, episode: u32, swap: bool },
    /// The file of something goes to another folder.
    MoveFile { server: u32, object: u32 },
    /// Something goes to another library of its server.
    MoveLibrary { server: u32, object: u32 },
    /// A second file of a film comes or goes.
    Version { server: u32, object: u32 },
    /// Two episodes are one file from now on, or no longer.
    Pack { show: u32, episode: u32 },
    /// A server gives everything new ids.
    Rebuild { server: u32, other_server: bool, reuses: bool, forgets: bool },
    /// Another server stands behind the address, or the right one again.
    Swap { server: u32 },
    /// Somebody watches something.
    Watch { server: u32, object: u32, position: u32, played: bool },
    /// The clock jumps.
    Jump { seconds: i64 },
    /// The next work on the database is killed after so many statements.
    Kill { after: u32 },
    /// One source is synced, or all.
    Sync { server: Option<u32>, mode: Mode, faults: Vec<(u32, Fault)> },
    /// A person corrects a field.
    Set { item: u32, field: u32, text: u32 },
    /// A person wants a field to show nothing.
    Clear { item: u32, field: u32 },
    /// A person wants what the sources say.
    Reset { item: u32, field: u32 },
    /// A person switches automatic downloads.
    Settings { item: u32, on: bool },
    /// A person makes two items one.
    Merge { keep: u32, gone: u32 },
    /// A person makes a listing an item of its own.
    Split { listing: u32 },
    /// A person decides where a listing belongs that waits.
    Place { listing: u32, own: bool },
    /// A person lets held removals happen.
    Approve { hold: u32 },
    /// A person keeps what would be removed.
    Discard { hold: u32 },
    /// A person takes back one of the last runs.
    Revert { back: u32 },
    /// A person gives a source another priority.
    Priority { server: u32, priority: u32 },
    /// A person takes an item away that nothing lists.
    Remove { item: u32 },
    /// A server calls a webhook, so many times. What it tells may have happened long ago or never,
    /// and most of what happens is told by nobody.
    Hook { server: u32, object: u32, news: News, times: u32 },
    /// Some minutes pass, in which the program looks at what it was told.
    Minutes,
    /// Somebody gives a client a film, without the program.
    Fetch { client: u32, film: u32 },
    /// What a client has goes on, or not.
    Go { client: u32, job: u32, to: Going },
    /// Somebody takes something from a client, without the program.
    Drop { client: u32, job: u32 },
    /// A person gives a client a film.
    Give { client: u32, film: u32, trouble: Option<Trouble> },
    /// A person orders something about a row of the queue.
    Order { download: u32, order: Order, trouble: Option<Trouble> },
    /// One client is looked at, or all; or all twice.
    Look { client: Option<u32>, twice: bool, troubles: Vec<(u32, Trouble)> },
}

impl Step {
    /// Whether it works on the database.
    pub const fn is_work(&self) -> bool {
        matches!(
            self,
            Self::Sync { .. }
                | Self::Set { .. }
                | Self::Clear { .. }
                | Self::Reset { .. }
                | Self::Settings { .. }
                | Self::Merge { .. }
                | Self::Split { .. }
                | Self::Place { .. }
                | Self::Approve { .. }
                | Self::Discard { .. }
                | Self::Revert { .. }
                | Self::Priority { .. }
                | Self::Remove { .. }
                | Self::Minutes
                | Self::Give { .. }
                | Self::Order { .. }
                | Self::Look { .. }
        )
    }
}

/// How many of the seeds have a long script: most of what goes wrong shows early.
const LONG: u64 = 4;

/// The script of a seed, of so many steps at the most.
pub fn from_seed(seed: u64, longest: u32) -> Script {
    let mut chance = Random::new(seed);
    let length = if seed.is_multiple_of(LONG) { longest } else { longest / 3 };
    let mut servers = vec![[Kind::Jellyfin, Kind::Plex][chance.below(2) as usize]];
    let more = [Kind::Jellyfin, Kind::Plex, Kind::Sonarr, Kind::Radarr, Kind::Films, Kind::Shows];
    for _ in 0..1 + chance.below(3) {
        servers.push(more[chance.below(6) as usize]);
    }
    let fetchers = [Fetcher::Torrents, Fetcher::Usenet, Fetcher::Torrents];
    let clients = fetchers[..chance.below(4) as usize].to_vec();
    let (films, shows) = (4 + chance.below(12), 1 + chance.below(3));
    let mut steps = vec![Step::Sync { server: None, mode: Mode::Full, faults: Vec::new() }];
    // Some worlds are quiet and some wild: a fault hides what would be seen without it.
    let (trouble, people) = (chance.below(60), chance.below(40));
    for _ in 1..length {
        let step = match chance.below(100) {
            0..72 => world_step(&mut chance),
            72..76 => hook_step(&mut chance),
            76..84 => queue_step(&mut chance, trouble),
            _ if chance.chance(people) => persons_step(&mut chance),
            _ => sync_step(&mut chance, trouble),
        };
        if step.is_work() && chance.chance(trouble / 6) {
            steps.push(Step::Kill { after: chance.below(40) });
        }
        steps.push(step);
    }
    Script { seed, servers, clients, films, shows, steps }
}

fn world_step(chance: &mut Random) -> Step {
    let server = chance.pick();
    let object = chance.pick();
    match chance.below(100) {
        0..12 => Step::Get { server, work: object },
        12..20 => Step::New { server, show: chance.chance(25), weak: chance.chance(20) },
        20..29 => Step::Lose { server, object },
        29..31 => Step::LoseMany { server, percent: 20 + chance.below(80) },
        31..37 => Step::LoseEpisode { server, object },
        37..45 => Step::Air { show: object, season: chance.below(3) },
        45..52 => Step::Rename { server, object },
        52..57 => Step::Renumber { show: server, episode: object, swap: chance.chance(50) },
        57..62 => Step::MoveFile { server, object },
        62..66 => Step::MoveLibrary { server, object },
        66..71 => Step::Version { server, object },
        71..75 => Step::Pack { show: server, episode: object },
        75..78 => Step::Rebuild {
            server,
            other_server: chance.chance(40),
            reuses: chance.chance(40),
            forgets: chance.chance(50),
        },
        78..80 => Step::Swap { server },
        80..92 => {
            Step::Watch { server, object, position: chance.below(90), played: chance.chance(40) }
        }
        92..97 => Step::Jump { seconds: i64::from(chance.below(3 * 86_400)) },
        _ => Step::Jump { seconds: -i64::from(chance.below(7_200)) },
    }
}

/// Messages, and now and then the time to look at them.
fn hook_step(chance: &mut Random) -> Step {
    let news = match chance.below(100) {
        0..40 => return Step::Minutes,
        40..78 => News::Object,
        78..84 => News::Unheard,
        84..92 => News::Changed,
        _ => News::Gone,
    };
    let times = 1 + chance.below(3);
    Step::Hook { server: chance.pick(), object: chance.pick(), news, times }
}

/// What happens in download clients, what people tell them, and looks at them.
fn queue_step(chance: &mut Random, trouble: u32) -> Step {
    let (client, job) = (chance.pick(), chance.pick());
    let wrong = |chance: &mut Random| chance.chance(trouble).then(|| a_trouble(chance));
    match chance.below(100) {
        0..18 => Step::Fetch { client, film: job },
        18..44 => {
            let to = [Going::Finishes, Going::Finishes, Going::Fails, Going::Stalls, Going::GoesOn];
            Step::Go { client, job, to: to[chance.below(5) as usize] }
        }
        44..50 => Step::Drop { client, job },
        50..60 => Step::Give { client, film: job, trouble: wrong(chance) },
        60..70 => {
            let orders = [Order::Pause, Order::Resume, Order::Cancel, Order::Retry];
            let order = orders[chance.below(4) as usize];
            Step::Order { download: job, order, trouble: wrong(chance) }
        }
        _ => {
            let troubles = wrong(chance).map(|trouble| (chance.pick(), trouble));
            let client = chance.chance(40).then_some(client);
            Step::Look {
                client,
                twice: chance.chance(25),
                troubles: troubles.into_iter().collect(),
            }
        }
    }
}

fn a_trouble(chance: &mut Random) -> Trouble {
    match chance.below(8) {
        0 => Trouble::Down,
        1 => Trouble::Refused,
        2 => Trouble::Garbled,
        3 => Trouble::Short,
        4 => Trouble::Twice,
        5 => Trouble::Reversed,
        6 => Trouble::NoWord,
        _ => Trouble::Rejects,
    }
}

fn sync_step(chance: &mut Random, trouble: u32) -> Step {
    let server = if chance.chance(40) { None } else { Some(chance.pick()) };
    let mode = match chance.below(100) {
        0..58 => Mode::Full,
        58..68 => Mode::Quick,
        68..80 => Mode::Shown,
        80..94 => Mode::Twice,
        94..97 => Mode::Fill,
        _ => Mode::Skip,
    };
    let mut faults = Vec::new();
    while chance.chance(trouble) && faults.len() < 3 {
        faults.push((chance.pick(), fault(chance)));
    }
    Step::Sync { server, mode, faults }
}

fn fault(chance: &mut Random) -> Fault {
    match chance.below(13) {
        0 => Fault::Down,
        1 => Fault::Unauthorized,
        2 => Fault::Html,
        3 => Fault::Libraries,
        4 => Fault::LessLibraries(chance.pick()),
        5 => Fault::FailAfter(chance.below(4)),
        6 => Fault::EndAfter(chance.below(4)),
        7 => Fault::Short,
        8 => Fault::Empty,
        9 => Fault::Twice,
        10 => Fault::Reversed,
        11 => Fault::Bad(chance.pick(), chance.chance(70)),
        _ => Fault::Slow,
    }
}

fn persons_step(chance: &mut Random) -> Step {
    let item = chance.pick();
    let field = chance.below(3);
    match chance.below(100) {
        0..16 => Step::Set { item, field, text: chance.below(50) },
        16..22 => Step::Clear { item, field },
        22..28 => Step::Reset { item, field },
        28..44 => Step::Settings { item, on: chance.chance(70) },
        44..50 => Step::Merge { keep: item, gone: chance.pick() },
        50..56 => Step::Split { listing: item },
        56..60 => Step::Place { listing: item, own: chance.chance(50) },
        60..72 => Step::Approve { hold: item },
        72..80 => Step::Discard { hold: item },
        80..92 => Step::Revert { back: chance.below(4) },
        92..97 => Step::Priority { server: item, priority: 1 + chance.below(50) },
        _ => Step::Remove { item },
    }
}
