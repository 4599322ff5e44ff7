//! Out and in again: into an empty catalogue, into the same one, and into another one.

use std::path::PathBuf;

use shelfread_app::AppError;
use shelfread_domain::port::LibraryKind::{Movies, Shows};
use shelfread_domain::{Field, ItemKind, RunStatus, SourceKind};
use shelfread_reconcile::correct::Wish;

use crate::desk::{Desk, Script, server};

crate::scenarios!(
    an_empty_catalogue_becomes_the_same_one,
    importing_again_changes_nothing,
    a_filled_catalogue_is_matched_and_not_doubled,
    what_is_there_already_stays,
    an_import_is_reverted,
    what_contradicts_is_named_and_the_rest_goes_on,
    a_file_that_is_not_whole_changes_nothing,
    hostile_files_are_refused_by_line,
    an_export_holds_no_secret,
);

const FILMS: &str = "movie a \"Heat\" 1995 tmdb=949 overview=cops file=Heat/Heat.mkv:700 played\n\
                     movie b \"Alien\" 1979 tmdb=348\nmovie c \"Nameless\"";
const DARK: &str = "show s1 \"Dark\" 2017 tvdb=1\nseason s1 1 r1\n\
                    episode s1 1x01 e1 \"Secrets\" position=120\nepisode s1 1x02-3 e2 \"Both\"\n\
                    episode s1 1x04 e4 \"Four\"";

/// A desk with films, a show, and something that a person set.
async fn filled(desk: &Desk) -> Script {
    let den = desk.source("den", SourceKind::Jellyfin).await;
    den.identifies(Ok(server("server-1")));
    den.lists("1", Movies, FILMS);
    den.lists("2", Shows, DARK);
    desk.synced("den").await;
    let heat = desk.id(ItemKind::Movie, "Heat").await;
    let wishes = [(Field::Title, Wish::Value("Mine".to_owned())), (Field::Overview, Wish::Nothing)];
    desk.app.correct_fields(heat, &wishes).await.unwrap();
    desk.set_by_hand(desk.id(ItemKind::Episode, "Secrets").await, "mine too").await;
    den
}

struct Exported(tempfile::TempDir);

impl Exported {
    async fn of(desk: &Desk) -> Self {
        let mut out = Vec::new();
        desk.app.export(&mut out).await.unwrap();
        Self::text(&String::from_utf8(out).unwrap())
    }

    fn text(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("export.jsonl"), text).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("export.jsonl")
    }

    fn read(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }
}

async fn other(desk: &Desk) -> Desk {
    match desk.app.store().url().starts_with("sqlite") {
        true => Desk::sqlite().await,
        false => Desk::postgres().await,
    }
}

async fn an_empty_catalogue_becomes_the_same_one(desk: Desk) {
    let _den = filled(&desk).await;
    let (file, empty) = (Exported::of(&desk).await, other(&desk).await);
    let done = empty.app.import(&file.path()).await.unwrap();
    assert_eq!(done.report.status, RunStatus::Succeeded, "{:?}", done.report.errors);
    assert_eq!(done.report.counts.added, 9);
    assert_eq!(done.new_sources, ["den"]);
    assert_eq!(empty.shelf().await, desk.shelf().await);
    let without_viewers = |all: Vec<String>| -> Vec<String> {
        // A viewer is another row there; everything else is the same, ids included.
        all.into_iter().map(|l| l.split('[').next().unwrap().to_owned()).collect()
    };
    assert_eq!(without_viewers(empty.memory().await), without_viewers(desk.memory().await));
    let mine = empty.item(ItemKind::Movie, "Mine").await;
    assert_eq!((mine.overrides.len(), mine.progress.len()), (2, 1));
    assert_eq!(mine.item.fields.overview, None);
    let secrets = empty.item(ItemKind::Episode, "Secrets").await;
    assert!(secrets.settings.is_some_and(|s| s.auto_download));
    empty.is_sound().await;
    assert!(!empty.app.store().source_by_name("den").await.unwrap().unwrap().enabled);
    let again = Exported::of(&empty).await.read();
    let body = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&again), body(&file.read()), "the same file comes out");
}

async fn importing_again_changes_nothing(desk: Desk) {
    let _den = filled(&desk).await;
    let file = Exported::of(&desk).await;
    let (shelf, memory) = (desk.shelf().await, desk.memory().await);
    for _ in 0..2 {
        let done = desk.app.import(&file.path()).await.unwrap();
        let c = done.report.counts;
        assert_eq!((c.added, c.updated, c.failed, c.unchanged), (0, 0, 0, 9), "{:?}", done.report);
        let journal = desk.app.store().run_changes(done.report.id, 0, 10).await.unwrap();
        assert!(journal.is_empty(), "{journal:?}");
    }
    assert_eq!((desk.shelf().await, desk.memory().await), (shelf, memory));
    let quiet = desk.synced("den").await;
    assert_eq!(quiet.counts.unchanged, quiet.counts.seen);
}

async fn a_filled_catalogue_is_matched_and_not_doubled(desk: Desk) {
    let _den = filled(&desk).await;
    let (file, here) = (Exported::of(&desk).await, other(&desk).await);
    let attic = here.source("attic", SourceKind::Plex).await;
    attic.identifies(Ok(server("attic-1")));
    attic.lists("1", Movies, "movie 7 \"Heat\" 1995 tmdb=949 poster=/h.jpg\nmovie 8 \"Ran\" 1985");
    attic.lists("2", Shows, "show 9 \"Dark\" 2017 tvdb=1\nepisode 9 1x01 91 \"Geheimnisse\"");
    here.synced("attic").await;
    let heat = here.id(ItemKind::Movie, "Heat").await;
    let first = here.id(ItemKind::Episode, "Geheimnisse").await;
    let done = here.app.import(&file.path()).await.unwrap();
    assert_eq!(done.report.status, RunStatus::Succeeded, "{:?}", done.report.errors);
    assert_eq!(done.report.counts.added, 6, "{:?}", here.shelf().await);
    let shelf = here.shelf().await;
    assert_eq!(shelf.len(), 10, "{shelf:?}");
    let known = here.app.store().item(heat).await.unwrap().unwrap();
    assert_eq!((known.listings.len(), known.item.fields.title.as_deref()), (2, Some("Mine")));
    let episode = here.app.store().item(first).await.unwrap().unwrap();
    assert!(episode.settings.is_some_and(|s| s.auto_download));
    here.is_sound().await;
    let quiet = here.synced("attic").await;
    assert_eq!((quiet.counts.added, quiet.counts.removed), (0, 0));
}

async fn what_is_there_already_stays(desk: Desk) {
    let den = filled(&desk).await;
    let file = Exported::of(&desk).await;
    let heat = desk.id(ItemKind::Movie, "Mine").await;
    desk.app
        .correct_fields(heat, &[(Field::Title, Wish::Value("Newer".to_owned()))])
        .await
        .unwrap();
    den.lists("1", Movies, &FILMS.replace("\"Alien\"", "\"Aliens\""));
    desk.synced("den").await;
    let (shelf, memory) = (desk.shelf().await, desk.memory().await);
    let done = desk.app.import(&file.path()).await.unwrap();
    assert_eq!(done.report.counts.updated, 0, "{:?}", done.report);
    assert_eq!((desk.shelf().await, desk.memory().await), (shelf, memory));
}

async fn an_import_is_reverted(desk: Desk) {
    let _den = filled(&desk).await;
    let (file, here) = (Exported::of(&desk).await, other(&desk).await);
    let attic = here.source("attic", SourceKind::Plex).await;
    attic.identifies(Ok(server("attic-1")));
    attic.lists("1", Movies, "movie 7 \"Heat\" 1995 tmdb=949");
    here.synced("attic").await;
    let (shelf, memory) = (here.shelf().await, here.memory().await);
    let done = here.app.import(&file.path()).await.unwrap();
    assert_ne!(here.shelf().await, shelf);
    let back = here.app.revert(done.report.id).await.unwrap();
    assert_eq!(back.status, RunStatus::Succeeded, "{:?}", back.errors);
    assert_eq!((here.shelf().await, here.memory().await), (shelf, memory));
    here.is_sound().await;
}

async fn what_contradicts_is_named_and_the_rest_goes_on(desk: Desk) {
    let den = desk
        .den(Movies, "movie a \"Heat or Alien\" 1995 tmdb=949 imdb=tt0078748\nmovie b \"Ran\" 1985")
        .await;
    let (file, here) = (Exported::of(&desk).await, other(&desk).await);
    drop(den);
    let attic = here.source("attic", SourceKind::Plex).await;
    attic.lists(
        "1",
        Movies,
        "movie 7 \"Heat\" 1995 tmdb=949\nmovie 8 \"Alien\" 1979 imdb=tt0078748",
    );
    here.synced("attic").await;
    let done = here.app.import(&file.path()).await.unwrap();
    assert_eq!(done.report.status, RunStatus::Partial);
    assert_eq!(done.report.errors.len(), 1, "{:?}", done.report.errors);
    assert!(done.report.errors[0].scope.contains("Heat or Alien"));
    assert_eq!(here.shelf().await.len(), 3, "{:?}", here.shelf().await);
    here.is_sound().await;
}

async fn a_file_that_is_not_whole_changes_nothing(desk: Desk) {
    let _den = filled(&desk).await;
    let (file, empty) = (Exported::of(&desk).await, other(&desk).await);
    let text = file.read();
    let lines: Vec<_> = text.lines().collect();
    let without = |n: usize| {
        let mut left = lines.clone();
        left.remove(n);
        left.join("\n")
    };
    let last = lines.len() - 1;
    for (text, word) in [
        (String::new(), "not whole"),
        (without(last), "not whole"),
        (without(last - 1), "lines when it was made"),
        (without(0), "header"),
        (without(1), "source did not come before"),
        (text[..text.len() / 2].to_owned(), "line "),
        (format!("{text}{{}}"), "follows the last line"),
    ] {
        let refused = empty.app.import(&Exported::text(&text).path()).await;
        let Err(AppError::Usage(why)) = &refused else { panic!("{word}: {refused:?}") };
        assert!(why.contains(word) && why.contains("line "), "{word}: {why}");
    }
    assert!(empty.shelf().await.is_empty());
    assert!(empty.app.store().sources().await.unwrap().is_empty());
    assert!(
        empty
            .app
            .store()
            .runs(shelfread_store::Page { offset: 0, limit: 9 })
            .await
            .unwrap()
            .is_empty()
    );
    let missing = empty.app.import(&file.path().with_file_name("nothing")).await;
    assert!(matches!(missing, Err(AppError::Usage(_))));
}

async fn hostile_files_are_refused_by_line(desk: Desk) {
    let _den = filled(&desk).await;
    let (file, empty) = (Exported::of(&desk).await, other(&desk).await);
    let text = file.read();
    let film = text.lines().position(|l| l.contains("\"Mine\"")).unwrap();
    let replaced = |from: &str, to: &str| text.replacen(from, to, 1);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let at = |n: usize, line: &str| {
        let mut lines: Vec<_> = text.lines().collect();
        lines[n] = line;
        lines.join("\n")
    };
    for hostile in [
        replaced("\"version\":1", "\"version\":99"),
        replaced("\"version\":1", "\"version\":1,\"more\":1"),
        replaced("shelfread-export", "another"),
        replaced("\"kind\":\"jellyfin\"", "\"kind\":\"winamp\""),
        replaced("\"name\":\"den\"", "\"name\":\"../den\""),
        replaced("\"remote_id\":\"a\"", "\"remote_id\":\"\\u0000\""),
        replaced("\"kind\":\"movie\"", "\"kind\":\"song\""),
        replaced("\"kind\":\"movie\"", "\"kind\":\"episode\""),
        replaced("\"title\":\"Mine\"", "\"title\":[]"),
        replaced("\"overrides\":{", "\"overrides\":{\"year\":\"soon\","),
        replaced("\"basis\":\"new\"", "\"basis\":\"magic\""),
        at(film, &deep),
        at(film, "\u{feff}{}"),
        at(film, &format!("{{\"type\":\"item\",\"x\":\"{}\"}}", "x".repeat(9 << 20))),
        at(film, text.lines().nth(film + 1).unwrap()),
    ] {
        assert_ne!(hostile, text, "every case is another file");
        let refused = empty.app.import(&Exported::text(&hostile).path()).await;
        let Err(AppError::Usage(why)) = &refused else {
            panic!("{}: {refused:?}", hostile.lines().nth(film).unwrap().get(..200).unwrap_or(""))
        };
        assert!(why.contains("line ") && why.len() < 500, "{why}");
    }
    assert!(empty.shelf().await.is_empty());
    let long = "x".repeat(100_000);
    let markup = replaced("\"title\":\"Alien\"", &format!("\"title\":\"<b>\\u202e🎬{long}\""));
    let done = empty.app.import(&Exported::text(&markup).path()).await.unwrap();
    assert_eq!(done.report.status, RunStatus::Succeeded, "{:?}", done.report.errors);
    empty.is_sound().await;
}

async fn an_export_holds_no_secret(desk: Desk) {
    let _den = filled(&desk).await;
    desk.change_source("den", |row| {
        row.url = "http://anna:s3cret@h/jf?api_key=s3cret".to_owned();
        row.settings = serde_json::json!({"user": "anna", "hook_secret": "s3cret"});
    })
    .await;
    let text = Exported::of(&desk).await.read();
    assert!(text.contains("http://h/jf") && !text.contains("s3cret"), "{text}");
}
