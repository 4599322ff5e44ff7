//! What the webhooks of Jellyfin and Emby hint at, in the forms in which they really come.

use proptest::prelude::*;
use shelfread_backends_jellyfin::{Flavour, read_hook};
use shelfread_domain::hint::{Hint, Named};
use shelfread_domain::{ItemKind, RemoteId};

fn jellyfin(message: &str) -> Vec<Hint> {
    read_hook(Flavour::Jellyfin, message.as_bytes()).unwrap()
}

fn emby(message: &str) -> Vec<Hint> {
    read_hook(Flavour::Emby, message.as_bytes()).unwrap()
}

fn object(id: &str, kind: Option<ItemKind>, show: Option<&str>) -> Vec<Hint> {
    let show = show.map(RemoteId::from);
    vec![Hint::Object(Named { id: id.into(), kind, show })]
}

const EPISODE: &str = "9250ab3d1101d01705c353b78cbb572e";
const SHOW: &str = "0f60e6e72a0890329b0015e48f4b655f";

#[test]
fn all_properties_name_the_item_and_its_show() {
    for event in ["ItemAdded", "PlaybackStop", "UserDataSaved"] {
        let message = format!(
            r#"{{"ServerId": "16588a9f062a40c4966586b1d220bffc", "NotificationType": "{event}",
                "Timestamp": "2025-08-15T23:19:42.3644758+02:00", "Name": "Undertaker",
                "ItemId": "{EPISODE}", "ItemType": "Episode", "RunTimeTicks": 14210970000,
                "SeriesId": "{SHOW}", "SeasonNumber": 1, "Video_0_ColorTransfer": null,
                "PlayedToCompletion": false, "Provider_tvdb": "8916235"}}"#
        );
        assert_eq!(jellyfin(&message), object(EPISODE, Some(ItemKind::Episode), Some(SHOW)));
    }
}

#[test]
fn a_template_may_say_everything_as_text_or_very_little() {
    let message = format!(
        "\u{FEFF}{{\"NotificationType\": \"ItemAdded\", \"ItemId\": \"{EPISODE}\", \
         \"ItemType\": \"Movie\", \"Year\": \"1995\", \"IsPaused\": \"False\"}}"
    );
    assert_eq!(jellyfin(&message), object(EPISODE, Some(ItemKind::Movie), None));
    let dashed = r#"{"ItemId": "9250AB3D-1101-D017-05C3-53B78CBB572E"}"#;
    assert_eq!(jellyfin(dashed), object(EPISODE, None, None));
    let unfilled = r#"{"NotificationType": "ItemAdded", "ItemId": "{{ItemId}}"}"#;
    assert_eq!(jellyfin(unfilled), []);
    assert_eq!(jellyfin(r#"{"Name": "Hello", "Description": "world"}"#), []);
}

#[test]
fn what_is_gone_or_scanned_names_nothing() {
    let deleted = r#"{"NotificationType": "ItemDeleted", "ItemId": "1", "ItemType": "Series"}"#;
    assert_eq!(jellyfin(deleted), [Hint::Gone]);
    let scanned = r#"{"NotificationType": "TaskCompleted", "TaskKey": "RefreshLibrary"}"#;
    assert_eq!(jellyfin(scanned), [Hint::Changed]);
    let cleaned = r#"{"NotificationType": "TaskCompleted", "TaskName": "Clean Log Directory"}"#;
    assert_eq!(jellyfin(cleaned), []);
}

#[test]
fn what_is_none_of_our_business_hints_at_nothing() {
    for (event, kind) in [
        ("PlaybackStart", "Episode"),
        ("PlaybackProgress", "Episode"),
        ("AuthenticationSuccess", "Episode"),
        ("ItemAdded", "Audio"),
        ("ItemDeleted", "MusicAlbum"),
        ("SomethingNew", "Movie"),
    ] {
        let message = format!(
            r#"{{"NotificationType": "{event}", "ItemId": "{EPISODE}", "ItemType": "{kind}"}}"#
        );
        assert_eq!(jellyfin(&message), [], "{event} {kind}");
    }
}

#[test]
fn emby_says_it_in_its_own_way() {
    for event in ["library.new", "playback.stop", "item.markplayed", "item.markunplayed"] {
        let message = format!(
            r#"{{"Title": "x", "Event": "{event}", "User": {{"Name": "anna", "Id": "u"}},
                "Item": {{"Name": "Heat", "Id": "242837", "Type": "Episode", "SeriesId": 4916}},
                "Server": {{"Id": "s", "Version": "4.8.11.0"}}}}"#
        );
        assert_eq!(emby(&message), object("242837", Some(ItemKind::Episode), Some("4916")));
    }
    let deleted = r#"{"Event": "library.deleted", "Item": {"Id": "7", "Type": "Movie"}}"#;
    assert_eq!(emby(deleted), [Hint::Gone]);
    for other in [r#"{"Event": "system.notificationtest"}"#, r#"{"Event": "playback.start"}"#, "{}"]
    {
        assert_eq!(emby(other), []);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_hook(Flavour::Jellyfin, &bytes);
        let _ = read_hook(Flavour::Emby, &bytes);
    }

    /// Whatever stands in the place of an id, nothing but letters, digits and dashes gets through.
    #[test]
    fn no_id_is_anything_else(id in ".{0,80}", event in "ItemAdded|ItemDeleted|PlaybackStop|") {
        let message = serde_json::json!({ "NotificationType": event, "ItemId": id });
        for hint in read_hook(Flavour::Jellyfin, message.to_string().as_bytes()).unwrap() {
            if let Hint::Object(named) = hint {
                let plain = |c: char| c.is_ascii_alphanumeric();
                prop_assert!(!named.id.as_str().is_empty() && named.id.as_str().chars().all(plain));
            }
        }
    }
}
