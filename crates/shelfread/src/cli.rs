//! The arguments, exactly as the README and `docs/` name them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use shelfread_domain::Existing;

/// One truthful catalogue of your films and series.
#[derive(Debug, Parser)]
#[command(name = "shelfread", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// The configuration; else $SHELFREAD_CONFIG, else shelfread.toml in the data folder
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Show more of what happens; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server: UI, API, scheduler, webhooks
    Serve,
    /// Bring the catalogue up to date with its sources
    Sync(SyncArgs),
    /// The connections that list media
    #[command(subcommand)]
    Source(SourceCommand),
    /// What was done, and what waits for a decision
    #[command(subcommand)]
    Run(RunCommand),
    /// What the catalogue has
    #[command(subcommand)]
    Item(ItemCommand),
    /// What download clients fetch
    #[command(subcommand)]
    Download(DownloadCommand),
    /// What happened
    #[command(subcommand)]
    Event(EventCommand),
    /// Whose play states are known, and who is who
    #[command(subcommand)]
    Viewer(ViewerCommand),
    /// What was played
    #[command(subcommand)]
    Progress(ProgressCommand),
    /// Who may use the server
    #[command(subcommand)]
    User(UserCommand),
    /// Which programs may use the server
    #[command(subcommand)]
    Token(TokenCommand),
    /// Check the database against the promises, and every connection
    Doctor(DoctorArgs),
    /// Look around: simulated servers, a filled catalogue and the UI, nothing to configure
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// Copy the database into a new file, while it is in use
    Backup(BackupArgs),
    /// Write the catalogue as text, one JSON object for each line
    Export(ExportArgs),
    /// Take over what an export holds; what is there already stays as it is
    Import(ImportArgs),
    /// Bring the database to the form that this version needs
    Migrate,
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Format {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct SyncArgs {
    /// Names of sources, or folders (with a /); all sources when nothing is named
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Only the library of this name
    #[arg(long, value_name = "NAME")]
    pub library: Option<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What may be done to items that are known already
    #[arg(long, value_enum, default_value_t = ExistingArg::Update)]
    pub existing: ExistingArg,
    /// Only ask for what changed since the last complete run
    #[arg(long)]
    pub quick: bool,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExistingArg {
    /// Facts follow the source
    Update,
    /// Only what is empty is filled
    Fill,
    /// Only new items are added
    Skip,
}

impl From<ExistingArg> for Existing {
    fn from(arg: ExistingArg) -> Self {
        match arg {
            ExistingArg::Update => Self::Update,
            ExistingArg::Fill => Self::Fill,
            ExistingArg::Skip => Self::Skip,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// List the sources
    List(Format),
    /// Add a source
    Add(SourceArgs),
    /// Ask a source who it is and whether it may be read
    Test {
        /// Its name
        name: String,
        #[command(flatten)]
        format: Format,
    },
    /// Change a source
    Set(SourceArgs),
    /// Show where the webhooks of a source or download client call, with their secret
    Hook {
        /// Its name
        name: String,
        /// Make up another secret; the old one lets nobody in any more
        #[arg(long)]
        renew: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Show when each source is synced next, and why one is left alone
    Schedule(Format),
    /// Forget a source and everything that it listed
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct SourceArgs {
    /// Its name
    pub name: String,
    /// jellyfin, emby, plex, sonarr, radarr or folder
    #[arg(long)]
    pub kind: Option<String>,
    /// Its address
    #[arg(long)]
    pub url: Option<String>,
    /// The path of a folder
    #[arg(long)]
    pub path: Option<PathBuf>,
    /// What a folder holds: movies or shows
    #[arg(long)]
    pub media: Option<String>,
    /// A file with its token; - reads the token from standard input
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Its token; better in a file or variable, where other users cannot see it
    #[arg(long, env = "SHELFREAD_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Whose play state is read
    #[arg(long)]
    pub user: Option<String>,
    /// What happens to what it no longer lists: remove, keep or grace:30d
    #[arg(long)]
    pub on_missing: Option<String>,
    /// How much may go without asking: 10% or a count
    #[arg(long)]
    pub max_removals: Option<String>,
    /// Lower wins when sources disagree
    #[arg(long)]
    pub priority: Option<i32>,
    /// Whether it is synced
    #[arg(long, value_name = "BOOL")]
    pub enabled: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// List the runs, newest first
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u64,
        /// How many newer ones to leave out
        #[arg(long, default_value_t = 0)]
        offset: u64,
        #[command(flatten)]
        format: Format,
    },
    /// Let what a run held back really be removed
    Approve {
        /// Its id
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Keep what a run would have removed
    Discard {
        /// Its id
        id: String,
    },
    /// Take back what a run did
    Revert {
        /// Its id
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Show what a run did
    Show {
        /// Its id
        id: String,
        /// Changes after this number
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// How many changes
        #[arg(long, default_value_t = 1000)]
        limit: u64,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Debug, Subcommand)]
pub enum ItemCommand {
    /// List items
    List(ItemListArgs),
    /// Show an item: its fields, and what every source says of it
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Correct fields, whatever sources say
    Set {
        /// Its id
        id: String,
        /// title, sort_title, overview, year, air_date, runtime_seconds or poster_url
        #[arg(value_name = "FIELD=VALUE", required = true)]
        fields: Vec<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Clear fields for good, or let sources have their say again
    Clear {
        /// Its id
        id: String,
        /// Names of fields
        #[arg(value_name = "FIELD", required = true)]
        fields: Vec<String>,
        /// Take back what a person said of these fields
        #[arg(long)]
        reset: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Set what is to be done with an item
    Settings {
        /// Its id
        id: String,
        /// Download new episodes or a better file by itself
        #[arg(long, value_enum, value_name = "on|off")]
        auto_download: Option<Switch>,
        /// What became of that; an empty text takes the status away
        #[arg(long, value_name = "TEXT")]
        status: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Make two items one
    Merge {
        /// The item that stays
        keep: String,
        /// The item that gives it all it has, and goes
        gone: String,
        #[command(flatten)]
        format: Format,
    },
    /// Make one of the listings of an item an item of its own
    Split {
        /// Its id
        id: String,
        /// The listing, as `item show` names it
        #[arg(long, value_name = "LISTING")]
        listing: String,
        #[command(flatten)]
        format: Format,
    },
    /// List what waits for a decision, or decide where a listing belongs
    Review(ItemReviewArgs),
    /// Remove an item that nothing lists, or one from everywhere
    Remove(ItemRemoveArgs),
}

#[derive(Debug, Subcommand)]
pub enum ViewerCommand {
    /// List everybody whom a source knows
    List(Format),
    /// Make viewers of several servers one person
    Join {
        /// Each as NAME@SOURCE, or by its id
        #[arg(value_name = "VIEWER", required = true)]
        viewers: Vec<String>,
        /// Make them nobody's but their own again
        #[arg(long)]
        apart: bool,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProgressCommand {
    /// Give a server back the play states that it forgot; shows them first
    Restore {
        /// To which source
        #[arg(long, value_name = "SOURCE")]
        to: String,
        /// Really write them
        #[arg(long)]
        apply: bool,
        #[command(flatten)]
        format: Format,
    },
}

/// A switch in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, Args)]
pub struct ItemReviewArgs {
    /// The listing to decide on
    #[arg(requires = "decision")]
    pub listing: Option<String>,
    /// It belongs to this item
    #[arg(long, value_name = "ID", group = "decision", requires = "listing")]
    pub to: Option<String>,
    /// It is an item of its own
    #[arg(long, group = "decision", requires = "listing")]
    pub new: bool,
    /// How many
    #[arg(long, default_value_t = 100)]
    pub limit: u64,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct ItemRemoveArgs {
    /// Its id
    pub id: String,
    /// Remove it from every source that lists it, with its files where the source deletes them
    #[arg(long)]
    pub everywhere: bool,
    /// Do it without asking; without this and without a terminal it is only shown
    #[arg(long, requires = "everywhere")]
    pub yes: bool,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct ItemListArgs {
    /// movie, show, season or episode
    #[arg(long)]
    pub kind: Option<String>,
    /// Only what this source lists
    #[arg(long)]
    pub source: Option<String>,
    /// Only what this source does not list
    #[arg(long, value_name = "SOURCE")]
    pub missing_on: Option<String>,
    /// available, downloading, wanted, unmonitored or missing
    #[arg(long)]
    pub status: Option<String>,
    /// Part of the title
    #[arg(long)]
    pub query: Option<String>,
    /// title; year (newest first, only movies and shows); added (last first)
    #[arg(long, default_value = "title")]
    pub sort: String,
    /// How many
    #[arg(long, default_value_t = 100)]
    pub limit: u64,
    /// The `next` of the page before
    #[arg(long)]
    pub after: Option<String>,
    #[command(flatten)]
    pub format: Format,
}

#[cfg(feature = "demo")]
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The port of the UI on this machine; any free one when not given
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Which invented library: the same number is the same library
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to make
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file to make; standard output when nothing is named
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file to read
    pub file: PathBuf,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Do not ask the sources
    #[arg(long)]
    pub offline: bool,
    /// Mend what follows from what is there, and report the rest
    #[arg(long)]
    pub repair: bool,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
pub enum DownloadCommand {
    /// Ask every client and list what it has
    List(DownloadListArgs),
    /// Give something to a client
    Add(DownloadAddArgs),
    /// Stop a transfer, whether it receives or gives
    Pause {
        /// Its id, or its hash
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Let a transfer go on
    Resume {
        /// Its id, or its hash
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Drop a transfer with its data
    Cancel {
        /// Its id, or its hash
        id: String,
        /// Leave the data where it is
        #[arg(long)]
        keep_data: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Try a failed transfer again
    Retry {
        /// Its id, or its hash
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Watch all clients and tell what happens, until stopped
    Watch(Format),
    /// The download programs; lists them when nothing else is said
    #[command(alias = "clients")]
    Client {
        #[command(subcommand)]
        verb: Option<ClientCommand>,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Debug, Args)]
pub struct DownloadListArgs {
    /// Only those of this client
    #[arg(long, value_name = "NAME")]
    pub client: Option<String>,
    /// Only those for this item
    #[arg(long, value_name = "ID")]
    pub item: Option<String>,
    /// Do not ask the clients: show what is known
    #[arg(long)]
    pub offline: bool,
    /// How many
    #[arg(long, default_value_t = 100)]
    pub limit: u64,
    /// The `next` of the page before
    #[arg(long)]
    pub after: Option<String>,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct DownloadAddArgs {
    /// A torrent or NZB file, a magnet link or an address
    pub what: String,
    /// The client; not needed when there is only one
    #[arg(long, value_name = "NAME")]
    pub client: Option<String>,
    /// Label or category there
    #[arg(long)]
    pub label: Option<String>,
    /// The folder to put it in, as the client sees the disk
    #[arg(long, value_name = "PATH")]
    pub save_path: Option<String>,
    /// Do not begin yet
    #[arg(long)]
    pub paused: bool,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// List the clients
    List(Format),
    /// Add a client
    Add(ClientArgs),
    /// Ask a client who it is and whether we may use it
    Test {
        /// Its name
        name: String,
        #[command(flatten)]
        format: Format,
    },
    /// Change a client
    Set(ClientArgs),
    /// Forget a client with its queue; its transfers go on
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct ClientArgs {
    /// Its name
    pub name: String,
    /// transmission, qbittorrent, deluge, sabnzbd or nzbget
    #[arg(long)]
    pub kind: Option<String>,
    /// Its address
    #[arg(long)]
    pub url: Option<String>,
    /// Its user's name
    #[arg(long)]
    pub username: Option<String>,
    /// A file with its password or API key; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Its password or API key; better in a file or variable, where other users cannot see it
    #[arg(long, env = "SHELFREAD_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// Whether it is asked
    #[arg(long, value_name = "BOOL")]
    pub enabled: Option<bool>,
    /// Give it another name
    #[arg(long, value_name = "NAME")]
    pub rename: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum EventCommand {
    /// List what happened, the newest at the end
    List(EventListArgs),
}

#[derive(Debug, Args)]
pub struct EventListArgs {
    /// Of this kind, such as download.completed; or download for all of them
    #[arg(long)]
    pub kind: Option<String>,
    /// At this download client
    #[arg(long, value_name = "NAME")]
    pub client: Option<String>,
    /// About this item
    #[arg(long, value_name = "ID")]
    pub item: Option<String>,
    /// At this source
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Not before: 2h ago, a day (2026-11-21) or a time
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only what happened before the event of this number
    #[arg(long, value_name = "NUMBER")]
    pub before: Option<i64>,
    /// How many, the newest ones
    #[arg(long, default_value_t = 100)]
    pub limit: u64,
    /// Go on and print what happens
    #[arg(long)]
    pub follow: bool,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List the users
    List(Format),
    /// Add a user; its password is asked for
    Add {
        /// Its name
        name: String,
        /// It may do everything; else it may only look
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        password: PasswordArgs,
        /// It comes through a proxy that is trusted, and never by password
        #[arg(long, conflicts_with = "password_stdin")]
        no_password: bool,
    },
    /// Give a user another password, and log it out everywhere
    Password {
        /// Its name
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Say what a user may do
    Role {
        /// Its name
        name: String,
        /// admin or reader
        role: String,
    },
    /// Remove a user with its sessions and tokens
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub struct PasswordArgs {
    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// List the tokens, without what they are
    List(Format),
    /// Make a token and show it, once
    Create {
        /// Its name
        name: String,
        /// read, write or admin
        #[arg(long, default_value = "read")]
        scope: String,
        /// How long it counts, such as 90d; for ever when not said
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Take a token back
    Revoke {
        /// Its name
        name: String,
    },
}
