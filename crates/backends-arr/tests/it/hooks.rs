//! What the connections of Sonarr and Radarr hint at, in both shapes of an import.

use proptest::prelude::*;
use shelfread_backends_arr::{Program, read_hook};
use shelfread_domain::ItemKind;
use shelfread_domain::hint::{Hint, Named};

fn sonarr(event: &str, more: &str) -> Vec<Hint> {
    // The kind of event often comes last.
    let message = format!(
        r#"{{"series": {{"id": 133, "title": "WITCH WATCH", "tvdbId": 453127, "tags": []}},
            {more} "instanceName": "Sonarr", "eventType": "{event}"}}"#
    );
    read_hook(Program::Sonarr, message.as_bytes()).unwrap()
}

fn radarr(event: &str, more: &str) -> Vec<Hint> {
    let message = format!(
        r#"{{"eventType": "{event}", {more} "movie": {{"id": "51", "title": "Heat", "tmdbId": 949}}}}"#
    );
    read_hook(Program::Radarr, message.as_bytes()).unwrap()
}

fn object(id: &str, kind: ItemKind) -> Hint {
    Hint::Object(Named { id: id.into(), kind: Some(kind), show: None })
}

#[test]
fn an_import_in_either_shape_names_what_it_is_of() {
    for more in [
        r#""episodeFile": {"id": 1745}, "isUpgrade": true, "deletedFiles": [{"id": 3}],"#,
        r#""episodeFiles": [{"id": 1745}], "fileCount": 1, "sourcePath": "/d",
           "destinationPath": "/m","#,
    ] {
        let hints = sonarr("Download", more);
        assert_eq!(hints, [object("133", ItemKind::Show), Hint::Transfers]);
    }
    let hints = radarr("Download", r#""movieFile": {"id": 36}, "downloadId": "327C","#);
    assert_eq!(hints, [object("51", ItemKind::Movie), Hint::Transfers]);
}

#[test]
fn what_changed_is_looked_at_and_what_was_deleted_is_proven() {
    for event in ["Rename", "SeriesAdd", "EpisodeFileDelete"] {
        assert_eq!(sonarr(event, ""), [object("133", ItemKind::Show)], "{event}");
    }
    for event in ["Rename", "MovieAdded", "MovieFileDelete"] {
        assert_eq!(radarr(event, ""), [object("51", ItemKind::Movie)], "{event}");
    }
    assert_eq!(sonarr("SeriesDelete", r#""deletedFiles": true,"#), [Hint::Gone]);
    assert_eq!(radarr("MovieDelete", r#""deletedFiles": false,"#), [Hint::Gone]);
    for event in ["Grab", "ManualInteractionRequired"] {
        assert_eq!(sonarr(event, ""), [Hint::Transfers], "{event}");
    }
}

#[test]
fn everything_else_hints_at_nothing() {
    for event in ["Test", "Health", "HealthRestored", "ApplicationUpdate", "SomethingNew", ""] {
        assert_eq!(sonarr(event, ""), [], "{event}");
    }
    for odd in ["0", "-1", "1.5", "null", "[]", r#""7/311""#, "99999999999999999999"] {
        let message = format!(r#"{{"eventType": "Rename", "series": {{"id": {odd}}}}}"#);
        assert_eq!(read_hook(Program::Sonarr, message.as_bytes()).unwrap(), [], "{odd}");
    }
    // What belongs to the other program names nothing here.
    let movie = br#"{"eventType": "Rename", "movie": {"id": 51}}"#;
    assert_eq!(read_hook(Program::Sonarr, movie).unwrap(), []);
    assert!(read_hook(Program::Radarr, b"eventType=Test").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_hook(Program::Sonarr, &bytes);
        let _ = read_hook(Program::Radarr, &bytes);
    }
}
