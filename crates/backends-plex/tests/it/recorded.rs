//! Answers that real servers gave, where a collection of them lies beside the workspace. The
//! project's own fixtures cover the same shapes.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use shelfread_domain::port::{LibraryKind, Listed, Scope};
use shelfread_testkit::fixtures::check;
use shelfread_testkit::wire::{Reply, Request};

use crate::fake::{Fake, steps};

fn recordings() -> Option<Vec<PathBuf>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/fixtures/plex");
    let folders = fs::read_dir(root).ok()?;
    let files = folders.flat_map(|f| fs::read_dir(f.unwrap().path()).unwrap());
    Some(files.map(|f| f.unwrap().path()).collect())
}

/// The kind that the items of an answer have in common, when it is one that we list.
fn kind(answer: &Value) -> Option<&'static str> {
    let items = answer["MediaContainer"]["Metadata"].as_array()?;
    let is = |kind: &&str| items.iter().all(|item| item["type"] == *kind);
    ["movie", "show"].into_iter().find(is)
}

#[tokio::test]
async fn recorded_answers_are_read() {
    let Some(files) = recordings() else {
        println!("no recorded answers beside the workspace; the own fixtures cover the shapes");
        return;
    };
    let mut read = 0;
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "json")) {
        let text = fs::read_to_string(file).unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let Some(kind) = kind(&answer) else { continue };
        let library = if kind == "show" { LibraryKind::Shows } else { LibraryKind::Movies };
        let number = if kind == "show" { 2 } else { 1 };
        let section = answer["MediaContainer"]["librarySectionID"].to_string();
        let answer = move |r: &Request| match r.path.ends_with("/all") {
            true if r.number("type") == Some(number) => Reply::json(text.clone()),
            true => Reply::json(json!({"MediaContainer": {"size": 0, "totalSize": 0}}).to_string()),
            false => Fake::default().answer(r),
        };
        let steps = steps(library, Scope::Full, answer).await;
        check(&steps).unwrap();
        let bad = steps
            .iter()
            .find(|s| !matches!(s, Ok(Listed::Page(_) | Listed::Expected(_) | Listed::End(_))));
        assert_eq!(bad, None, "{} (section {section})", file.display());
        assert!(steps.iter().any(|s| matches!(s, Ok(Listed::Page(_)))), "{}", file.display());
        read += 1;
    }
    assert!(read >= 3, "{read} of {} recorded answers fit", files.len());
}
