//! What the webhooks of a Plex hint at.

use proptest::prelude::*;
use shelfread_backends_plex::read_hook;
use shelfread_domain::hint::{Hint, Named};
use shelfread_domain::{ItemKind, RemoteId};

fn read(event: &str, metadata: &str) -> Vec<Hint> {
    let message = format!(
        r#"{{"event": "{event}", "user": true, "owner": true, "Account": {{"id": 1, "title": "anna"}},
            "Server": {{"title": "den", "uuid": "54664a3d"}}, "Metadata": {metadata}}}"#
    );
    read_hook(message.as_bytes()).unwrap()
}

fn object(id: &str, kind: ItemKind, show: Option<&str>) -> Vec<Hint> {
    let show = show.map(RemoteId::from);
    vec![Hint::Object(Named { id: id.into(), kind: Some(kind), show })]
}

#[test]
fn what_is_new_or_played_is_named_with_its_show() {
    let episode = r#"{"librarySectionType": "show", "ratingKey": "22", "parentRatingKey": "21",
                      "grandparentRatingKey": 20, "guid": "plex://episode/5d9c", "type": "episode",
                      "Guid": [{"id": "tvdb://1709"}], "librarySectionID": 2, "index": 1}"#;
    for event in ["library.new", "media.stop", "media.scrobble", "media.rate"] {
        assert_eq!(read(event, episode), object("22", ItemKind::Episode, Some("20")), "{event}");
    }
    let season = r#"{"ratingKey": 21, "parentRatingKey": "20", "type": "season"}"#;
    assert_eq!(read("library.new", season), object("21", ItemKind::Season, Some("20")));
    let movie = r#"{"ratingKey": "7", "type": "movie"}"#;
    assert_eq!(read("library.new", movie), object("7", ItemKind::Movie, None));
}

#[test]
fn everything_else_hints_at_nothing() {
    let movie = r#"{"ratingKey": "7", "type": "movie"}"#;
    for event in ["media.play", "media.pause", "media.resume", "admin.database.backup", "new.thing"]
    {
        assert_eq!(read(event, movie), [], "{event}");
    }
    for odd in [
        r#"{"ratingKey": "1936545", "type": "track"}"#,
        r#"{"ratingKey": "7,8", "type": "movie"}"#,
        r#"{"ratingKey": "../..", "type": "movie"}"#,
        r#"{"type": "movie"}"#,
        "null",
        "[]",
        "7",
    ] {
        assert_eq!(read("library.new", odd), [], "{odd}");
    }
    assert_eq!(read_hook(br#"{"event": "device.new"}"#).unwrap(), []);
    assert!(read_hook(b"--boundary").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_hook(&bytes);
    }
}
