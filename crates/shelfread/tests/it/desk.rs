//! The binary in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A working directory with a configuration and a data folder.
pub struct Desk(TempDir);

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// The answer as JSON; nothing else may be on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }

    /// The report of the only run.
    #[track_caller]
    pub fn report(&self) -> Value {
        let runs = self.json()["runs"].clone();
        assert_eq!(runs.as_array().map(Vec::len), Some(1), "{self:?}");
        runs[0].clone()
    }
}

impl Desk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A desk with this `data/shelfread.toml`.
    pub fn configured(text: &str) -> Self {
        let desk = Self::new();
        desk.write("data/shelfread.toml", text.as_bytes());
        desk
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    pub fn write(&self, relative: &str, bytes: &[u8]) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shelfread"));
        command.args(arguments).current_dir(self.0.path()).env_clear();
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        Answer::of(&self.command(arguments).output().unwrap())
    }

    /// Runs a command that must end well.
    #[track_caller]
    pub fn fine(&self, arguments: &[&str]) -> Answer {
        let answer = self.run(arguments);
        assert_eq!(answer.code, 0, "{arguments:?}: {answer:?}");
        answer
    }

    /// The items of the catalogue, by kind and title, with their ids.
    pub fn items(&self) -> Vec<(String, String, String)> {
        let answer = self.fine(&["item", "list", "--json", "--limit", "10000"]).json();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let mut all: Vec<_> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| (text(&i["kind"]), text(&i["title"]), text(&i["id"])))
            .collect();
        all.sort();
        all
    }
}

/// A tiny real film, made by ffmpeg once and copied: what a media player would open.
pub fn film(path: &Path) {
    static FILM: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let bytes = FILM.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("film.mkv");
        let video = ["-f", "lavfi", "-i", "testsrc=size=64x36:rate=10:duration=1"];
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-y"])
            .args(video)
            .args(["-c:v", "mpeg4", "-pix_fmt", "yuv420p"])
            .arg(&file)
            .status()
            .expect("ffmpeg runs (package ffmpeg)");
        assert!(made.success(), "ffmpeg made a film");
        std::fs::read(file).unwrap()
    });
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
