//! The document says what there is, and docs/openapi.json is that document.

use std::collections::BTreeSet;

use expect_test::expect_file;
use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(shelfread_web::openapi()).unwrap()
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let all = item.as_object().unwrap().iter();
        all.map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

/// `cargo xtask openapi` writes it.
#[test]
fn the_file_is_what_the_code_says() {
    let text = serde_json::to_string_pretty(&document()).unwrap();
    expect_file!["../../../../../docs/openapi.json"].assert_eq(&format!("{text}\n"));
}

#[test]
fn every_operation_says_what_it_is() {
    let document = document();
    let mut names = BTreeSet::new();
    for (place, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name} is the name of two operations");
        assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{place}");
        let tag = &operation["tags"][0];
        let known = document["tags"].as_array().unwrap().iter().any(|known| known["name"] == *tag);
        assert!(known, "{place}: {tag}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{place}");
        for (status, answer) in answers.iter().filter(|(status, _)| status.as_str() >= "400") {
            assert!(answer["content"]["application/problem+json"].is_object(), "{place} {status}");
        }
    }
    assert!(names.len() > 40, "{names:?}");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

/// No answer has a place for a secret.
#[test]
fn secrets_are_only_written() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_secret = ["token", "password", "secret"].contains(&key.as_str());
            if is_secret && !["MadeToken", "Hook"].contains(&name.as_str()) {
                assert_eq!(property["writeOnly"], true, "{name}.{key}");
            }
        }
    }
}
