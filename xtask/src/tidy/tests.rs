//! For each rule an example that breaks it: a small workspace that is in order, and in each test
//! one file of it that is not.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};

use super::check;
use crate::workspace::Workspace;

/// The files of a workspace in order. `//- path` opens a file.
const IN_ORDER: &str = r#"
//- Cargo.toml
[workspace]
resolver = "3"
members = ["crates/*", "xtask"]
[workspace.package]
version = "0.1.0"
edition = "2024"
rust-version = "1.85"
license = "MIT"
publish = false
[workspace.lints.clippy]
todo = "warn"
//- crates/domain/Cargo.toml
[package]
name = "shelfread-domain"
@inherited
//- crates/domain/src/lib.rs
//! Words.
//- crates/reconcile/Cargo.toml
[package]
name = "shelfread-reconcile"
@inherited
[dependencies]
shelfread-domain.path = "../domain"
[dev-dependencies]
shelfread-testkit.path = "../testkit"
//- crates/reconcile/src/lib.rs
//! Rules.
//- crates/store/Cargo.toml
[package]
name = "shelfread-store"
@inherited
[dependencies]
sea-orm = "2"
shelfread-domain.path = "../domain"
//- crates/store/src/lib.rs
//! Rows.
fn read() { overrides::Entity::find(); }
fn apply_revert() { if true { overrides::Entity::insert(row); } }
//- crates/store/src/person.rs
//! Rows of people.
fn set() { item_settings::Entity::insert(row); }
//- crates/testkit/Cargo.toml
[package]
name = "shelfread-testkit"
@inherited
//- crates/testkit/src/lib.rs
//! Tools.
//- xtask/Cargo.toml
[package]
name = "xtask"
@inherited
[dependencies]
anyhow = "1"
reqwest = "0.13"
//- xtask/src/main.rs
//! Chores.
fn main() { std::env::args(); }
//- docs/architecture.md
### `crates/domain`
### `crates/reconcile`
### `crates/store`
### `crates/testkit`
### `xtask`
"#;

const INHERITED: &str = "version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true
[lints]
workspace = true";

fn write_files(root: &Path, files: &str) {
    for file in files.split("//- ").skip(1) {
        let (path, text) = file.split_once('\n').unwrap();
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace("@inherited", INHERITED)).unwrap();
    }
}

/// Checks the workspace in order with these files put over it.
fn broken_by(files: &str, expected: &Expect) {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path(), IN_ORDER);
    write_files(folder.path(), files);
    let problems = check(&Workspace::read(folder.path()).unwrap()).unwrap();
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

/// The manifest of a crate that is in order but for these lines, which stand at its end.
fn manifest(folder: &str, lines: &str) -> String {
    format!(
        "//- crates/{folder}/Cargo.toml\n[package]\nname = \"shelfread-{folder}\"\n@inherited\n{lines}\n"
    )
}

#[test]
fn a_workspace_in_order_has_no_problem() {
    broken_by("", &expect![""]);
}

#[test]
fn an_arrow_that_points_the_wrong_way() {
    let lines = "[dependencies]\nshelfread-reconcile.path = \"../reconcile\"";
    broken_by(
        &manifest("domain", lines),
        &expect!["crates/domain/Cargo.toml:11: 'domain' may not depend on 'reconcile'"],
    );
}

#[test]
fn domain_has_no_helpers_even_in_its_tests() {
    let lines = "[dev-dependencies]\nshelfread-testkit.path = \"../testkit\"";
    broken_by(
        &manifest("domain", lines),
        &expect!["crates/domain/Cargo.toml:11: the tests of 'domain' may not depend on 'testkit'"],
    );
}

#[test]
fn tools_for_tests_in_a_library() {
    let lines = "[dependencies]\nshelfread-testkit.path = \"../testkit\"";
    broken_by(
        &manifest("reconcile", lines),
        &expect!["crates/reconcile/Cargo.toml:11: 'testkit' is for tests: a dev-dependency only"],
    );
}

#[test]
fn a_simulator_that_cannot_be_left_out_of_the_binary() {
    let simulator = manifest("simulator", "") + "//- crates/simulator/src/lib.rs\n//! World.\n";
    let binary = "//- crates/shelfread/Cargo.toml\n[package]\nname = \"shelfread\"\n@inherited
[dependencies]\nshelfread-simulator.path = \"../simulator\"
//- crates/shelfread/src/main.rs\n//! Thin.\nfn main() {}\n";
    broken_by(
        &(simulator + binary),
        &expect![[r#"
        crates/shelfread/Cargo.toml:11: 'simulator' must be optional, behind the default feature 'demo'
        docs/architecture.md:1: the code map does not name 'crates/shelfread'
        docs/architecture.md:1: the code map does not name 'crates/simulator'"#]],
    );
}

#[test]
fn a_crate_that_no_layer_expects() {
    let files = manifest("helpers", "") + "//- crates/helpers/src/lib.rs\n//! Helpers.\n";
    broken_by(
        &files,
        &expect![[r#"
        crates/helpers/Cargo.toml:2: 'helpers' has no place among the layers
        docs/architecture.md:1: the code map does not name 'crates/helpers'"#]],
    );
}

#[test]
fn libraries_outside_their_fences() {
    let lines = "[dependencies]\nsea-orm-migration = \"2\"\nsqlx = \"0.9\"\naxum = \"0.8\"
anyhow = \"1\"\n[dev-dependencies]\nreqwest = \"0.13\"";
    broken_by(
        &manifest("domain", lines),
        &expect![[r#"
        crates/domain/Cargo.toml:11: 'domain' may not use 'sea-orm-migration'
        crates/domain/Cargo.toml:12: 'domain' may not use 'sqlx'
        crates/domain/Cargo.toml:13: 'domain' may not use 'axum'
        crates/domain/Cargo.toml:14: 'domain' may not use 'anyhow'
        crates/domain/Cargo.toml:16: 'domain' may not use 'reqwest'"#]],
    );
}

#[test]
fn a_package_by_another_name() {
    let files = manifest("testkit", "").replace("shelfread-testkit", "shelfread-tools");
    let unused = manifest("reconcile", "");
    broken_by(
        &(files + &unused),
        &expect![
            "crates/testkit/Cargo.toml:2: the package in this folder must be called 'shelfread-testkit'"
        ],
    );
}

#[test]
fn a_manifest_that_stands_alone() {
    let files = "//- crates/domain/Cargo.toml\n[package]\nname = \"shelfread-domain\"
version = \"3.0.0\"\nedition = \"2021\"\n[lints.clippy]\ndbg_macro = \"allow\"\n";
    broken_by(
        files,
        &expect![[r#"
        crates/domain/Cargo.toml:1: '[lints] workspace = true' is missing
        crates/domain/Cargo.toml:1: 'license.workspace = true' is missing
        crates/domain/Cargo.toml:1: 'publish.workspace = true' is missing
        crates/domain/Cargo.toml:1: 'rust-version.workspace = true' is missing
        crates/domain/Cargo.toml:3: 'version.workspace = true' is missing
        crates/domain/Cargo.toml:4: 'edition.workspace = true' is missing"#]],
    );
}

#[test]
fn a_file_that_does_not_say_what_it_is() {
    broken_by(
        "//- crates/domain/tests/it/main.rs\nmod words;\n",
        &expect!["crates/domain/tests/it/main.rs:1: the file must open with '//!'"],
    );
}

#[test]
fn a_file_that_is_no_rust() {
    broken_by(
        "//- crates/domain/src/lib.rs\n//! Words.\nfn a( {\n",
        &expect!["crates/domain/src/lib.rs:1: this cannot be read as Rust"],
    );
}

#[test]
fn what_is_not_finished_and_what_does_not_run() {
    let files = "//- xtask/src/main.rs\n//! Chores.
fn main() {\n    todo!();\n    dbg!(1);\n    unimplemented!();\n}
#[test]\n#[ignore]\nfn a() {}
#[test]\n#[ignore = \"slow\"]\nfn b() {}
#[test]\n#[should_panic(expected = \"c\")]\nfn c() {}\n";
    broken_by(
        files,
        &expect![[r#"
        xtask/src/main.rs:3: 'todo!': finish it, or leave it out
        xtask/src/main.rs:4: 'dbg!': it was for debugging
        xtask/src/main.rs:5: 'unimplemented!': finish it, or leave it out
        xtask/src/main.rs:8: '[ignore': a test that does not run proves nothing
        xtask/src/main.rs:11: '[ignore': a test that does not run proves nothing
        xtask/src/main.rs:14: 'should_panic': assert on the error"#]],
    );
}

#[test]
fn a_pure_crate_that_looks_at_clock_and_environment() {
    let files = "//- crates/domain/src/lib.rs\n//! Words.\nuse std::{env, time};
fn a() { chrono::Utc::now(); }\nfn b() { time::SystemTime::now(); }\nfn c() { env::var(\"HOME\"); }
fn d() { std::env::args(); }\n//- crates/domain/tests/it/main.rs\n//! Tests may.
fn e() { std::env::args(); }\n";
    broken_by(
        files,
        &expect![[r#"
        crates/domain/src/lib.rs:3: 'Utc::now' must come in as an argument
        crates/domain/src/lib.rs:4: 'SystemTime::now' must come in as an argument
        crates/domain/src/lib.rs:5: 'env::var' must come in as an argument
        crates/domain/src/lib.rs:6: 'env::args' must come in as an argument
        crates/domain/src/lib.rs:6: 'std::env' must come in as an argument"#]],
    );
}

#[test]
fn a_sync_that_writes_what_a_person_set() {
    let files = "//- crates/store/src/apply.rs\n//! Applying.
fn apply_revert() { overrides::Entity::insert(row); }
fn apply() {
    let rows = overrides::Entity::find();
    known.overrides.insert(row);
    refuse(\"item_settings\");
    item_settings::Entity::update_many();
    overrides::ActiveModel { value };
    execute(\"DELETE  FROM \\\"item_settings\\\" WHERE 1\");
    bulk::insert(session, \"overrides\", rows);
    Mapping { table: \"overrides\", rows };
}\n";
    broken_by(
        files,
        &expect![[r#"
        crates/store/src/apply.rs:7: only 'store::person' and 'apply_revert' may write 'item_settings'
        crates/store/src/apply.rs:8: only 'store::person' and 'apply_revert' may write 'overrides'
        crates/store/src/apply.rs:9: only 'store::person' and 'apply_revert' may write 'item_settings'
        crates/store/src/apply.rs:10: only 'store::person' and 'apply_revert' may write 'overrides'
        crates/store/src/apply.rs:11: only 'store::person' and 'apply_revert' may write 'overrides'"#]],
    );
}

#[test]
fn a_map_of_another_country() {
    let files = "//- docs/architecture.md\n### `crates/domain`\n### `crates/atlantis`\n";
    broken_by(
        files,
        &expect![[r#"
        docs/architecture.md:1: the code map does not name 'crates/reconcile'
        docs/architecture.md:1: the code map does not name 'crates/store'
        docs/architecture.md:1: the code map does not name 'crates/testkit'
        docs/architecture.md:1: the code map does not name 'xtask'
        docs/architecture.md:2: there is no such crate, or it is here twice: 'crates/atlantis'"#]],
    );
}

#[test]
fn a_map_that_is_a_book() {
    let map = IN_ORDER.split_once("//- docs/architecture.md").unwrap().1;
    broken_by(
        &format!("//- docs/architecture.md{map}{}", "\n".repeat(300)),
        &expect!["docs/architecture.md:301: longer than 300 lines: a map, not a book"],
    );
}

#[test]
fn a_threat_without_a_test() {
    let files = "//- docs/security.md
| who | must not | test |
|---|---|---|
| a page | read a token | `read`, `nobody_wrote_this` |
| a file | crash it | later |
";
    broken_by(
        files,
        &expect![[r#"
        docs/security.md:3: there is no test 'nobody_wrote_this'
        docs/security.md:4: no test is named"#]],
    );
}
