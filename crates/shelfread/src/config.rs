//! The configuration: `shelfread.toml`, with the environment over it. Knows its keys and their
//! defaults; what a source needs beyond them, its adapter says.

mod environment;
mod file;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use file::{DeclaredClient, DeclaredTarget, SourceConfig};
use shelfread_app::posters::PosterConfig;
use shelfread_app::schedule::Timetable;
use shelfread_web::AccessConfig;

/// What was configured, with defaults filled in.
#[derive(Debug)]
pub struct Config {
    /// Database, key file and logs live here.
    pub data_dir: PathBuf,
    /// Where the catalogue is.
    pub database_url: String,
    /// Declared sources, in their order.
    pub sources: Vec<SourceConfig>,
    /// Declared download clients, in their order.
    pub clients: Vec<DeclaredClient>,
    /// How posters are kept.
    pub posters: PosterConfig,
    /// Declared targets of notifications.
    pub targets: Vec<DeclaredTarget>,
    /// Everything else that commands need.
    pub settings: Settings,
}

/// What is configured of commands that go on and on.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Whom the server believes what.
    pub access: AccessConfig,
    /// How often a download client is asked while something moves.
    pub poll: Duration,
    /// How long events are kept; `None` for ever.
    pub keep_events: Option<Duration>,
    /// Whether servers are told what their viewers saw elsewhere.
    pub play_states_told: bool,
    /// How often sources are synced that have no rhythm of their own.
    pub schedule: Timetable,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named cannot be read.
    #[error("the configuration {path} cannot be read: {error}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {message}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// A variable of the environment is not what it should be.
    #[error("{variable} in the environment: {message}")]
    Environment {
        /// Which variable.
        variable: String,
        /// What is wrong.
        message: String,
    },
    /// A declared source or client cannot work.
    #[error("{name}: {message}")]
    Entry {
        /// Which one.
        name: String,
        /// What is wrong.
        message: String,
    },
}

/// The variables of the environment, as a value so that tests need not change the real one.
pub type Variables = Vec<(String, String)>;

impl Config {
    /// Reads the configuration: the named file, else `SHELFREAD_CONFIG`, else `shelfread.toml` in
    /// the data folder if there is one.
    ///
    /// # Errors
    /// When a named file is missing, or a file or variable is not what it should be.
    pub fn load(named: Option<&Path>, variables: &Variables) -> Result<Self, ConfigError> {
        let get = |name: &str| variables.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let named = named.map(Path::to_owned).or_else(|| get("SHELFREAD_CONFIG").map(Into::into));
        let folder = PathBuf::from(get("SHELFREAD_DATA_DIR").unwrap_or(file::DATA_DIR));
        let (path, required) = match named {
            Some(path) => (path, true),
            None => (folder.join("shelfread.toml"), false),
        };
        let mut declared = match std::fs::read_to_string(&path) {
            Ok(text) => file::parse(&path, &text)?,
            Err(e) if !required && e.kind() == std::io::ErrorKind::NotFound => {
                file::FileConfig::default()
            }
            Err(error) => return Err(ConfigError::Unreadable { path, error }),
        };
        environment::overlay(&mut declared, variables)?;
        declared.finish(variables)
    }
}
