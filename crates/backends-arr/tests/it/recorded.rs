//! Answers that real programs gave, where a collection of them lies beside the workspace. The
//! project's own fixtures cover the same shapes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use shelfread_backends_arr::Program::{Radarr, Sonarr};
use shelfread_domain::port::{MediaSource, Scope};
use shelfread_testkit::wire::Wire;

use crate::fake::{Listed, Step, arr, pages, radarr, reply, sonarr, steps};

fn recordings(product: &str) -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/fixtures");
    let Ok(folders) = fs::read_dir(root.join(product)) else {
        println!("no recorded answers beside the workspace; the own fixtures cover the shapes");
        return None;
    };
    let files = folders.flat_map(|f| fs::read_dir(f.unwrap().path()).unwrap());
    let mut files: Vec<_> = files.map(|f| f.unwrap().path()).collect();
    files.sort();
    Some(files)
}

/// The recorded answer of that name as a list of objects, with ids where the recording lost them.
fn list(files: &[PathBuf], name: &str) -> Vec<Value> {
    let file = files.iter().find(|f| f.ends_with(name)).unwrap_or_else(|| panic!("no {name}"));
    let value: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let mut list = if value.is_array() { value.as_array().unwrap().clone() } else { vec![value] };
    for (n, item) in list.iter_mut().enumerate() {
        if item["id"].is_null() {
            item["id"] = json!(n + 1);
        }
    }
    list
}

fn failures(steps: &[Step]) -> usize {
    steps.iter().filter(|s| matches!(s, Err(_) | Ok(Listed::Failed(_)))).count()
}

#[tokio::test]
async fn recorded_series_and_episodes_are_read() {
    let Some(files) = recordings("sonarr") else { return };
    for name in ["v3_series.json", "series_json.json", "v2era-series.json"] {
        let series = list(&files, name);
        let mut episodes = list(&files, "v3_episode.json");
        for episode in &mut episodes {
            episode["seriesId"] = series[0]["id"].clone();
        }
        let (count, more) = (series.len(), episodes.len());
        let data = json!({"series": series, "episode": episodes});
        let steps = steps(Sonarr, Scope::Full, move |r| sonarr(&data, r)).await;
        assert_eq!(failures(&steps), 0, "{name}");
        assert!(pages(&steps).len() >= count + more, "{name}");
    }
}

#[tokio::test]
async fn recorded_movies_are_read() {
    let Some(files) = recordings("radarr") else { return };
    for name in ["v3_movie.json", "movie_json.json", "v2era-movie.json"] {
        let movies = list(&files, name);
        let count = movies.len();
        let steps = steps(Radarr, Scope::Full, move |r| match r.path.ends_with("/movie") {
            true => reply(&json!(movies)),
            false => radarr(r),
        })
        .await;
        assert_eq!((failures(&steps), pages(&steps).len()), (0, count), "{name}");
    }
}

#[tokio::test]
async fn recorded_identities_and_queues_are_read() {
    for (product, program) in [("sonarr", Sonarr), ("radarr", Radarr)] {
        let Some(files) = recordings(product) else { return };
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let body = fs::read_to_string(&file).unwrap();
            let is_status =
                name.contains("status") && !name.contains("webhook") && !name.contains("queue");
            let is_queue = name.contains("queue");
            if !is_status && !is_queue {
                continue;
            }
            let wire = Wire::start(move |r| match r.path.ends_with("/status") || is_queue {
                true => shelfread_testkit::wire::Reply::json(body.clone()),
                false => reply(&json!([])),
            })
            .await;
            let arr = arr(program, &wire);
            if is_queue {
                assert!(!arr.queue().await.unwrap().is_empty(), "{name}");
            } else if let Err(e) = arr.identify().await {
                // One recording of Radarr lies among those of Sonarr.
                assert!(e.to_string().contains("this is not Sonarr, but Radarr"), "{name}: {e}");
            }
        }
    }
}
