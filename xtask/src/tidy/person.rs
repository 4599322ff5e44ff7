//! Promise P3 as far as text can show it: what a person set, sync cannot write.
//!
//! In the store, only the module `person` and the function `apply_revert` may write the tables that
//! belong to people. A statement is everything between `;`, `{` and `}`.

use anyhow::Result;

use super::Problem;
use crate::source::{Source, Word};
use crate::workspace::Workspace;

/// The user-owned tables, which are also the modules of their entities.
const TABLES: &[&str] = &["item_settings", "overrides"];

/// What writes a table that is named in the same statement: by its entity, or by its name in quotes.
const WRITES: &[&str] = &[
    "ActiveModel",
    "insert",
    "insert_many",
    "update",
    "update_many",
    "delete",
    "delete_many",
    "delete_by_id",
    "save",
];

/// What writes in a text of SQL, before the name of the table.
const SQL_WRITES: &[&str] = &["insert into ", "update ", "delete from ", "replace into "];

/// Nothing but a person's own commands writes a person's tables.
pub fn user_owned_tables(workspace: &Workspace, problems: &mut Vec<Problem>) -> Result<()> {
    let store = workspace.packages.iter().filter(|package| package.short() == "store");
    for source in store.flat_map(|package| &package.sources).filter(|s| is_fenced(&s.path)) {
        for (line, table) in writes(source) {
            let message = format!("only 'store::person' and 'apply_revert' may write '{table}'");
            problems.push(Problem::new(&source.path, line, message));
        }
    }
    Ok(())
}

fn is_fenced(path: &str) -> bool {
    let below = path.split_once("/src/").map(|(_, below)| below);
    below.is_some_and(|p| p != "person.rs" && !p.starts_with("person/") && !p.starts_with("entity"))
}

fn writes(source: &Source) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut function = "";
    for statement in source.words.split(|word| matches!(word.text.as_str(), ";" | "{" | "}")) {
        if let Some(name) = declared_function(statement) {
            function = name;
        }
        if function != "apply_revert" {
            found
                .extend(TABLES.iter().filter_map(|table| Some((write(statement, table)?, *table))));
        }
    }
    found
}

fn declared_function(statement: &[Word]) -> Option<&str> {
    statement.windows(2).find(|pair| pair[0].text == "fn").map(|pair| pair[1].text.as_str())
}

/// The line on which a statement writes a table.
fn write(statement: &[Word], table: &str) -> Option<usize> {
    let texts: Vec<_> = statement.iter().map(|word| word.text.as_str()).collect();
    let quoted = format!("\"{table}\"");
    let calls = texts.windows(2).any(|pair| WRITES.contains(&pair[0]) && is_call(pair[1]))
        || texts.last().is_some_and(|last| *last == "ActiveModel");
    let by_entity = texts.windows(2).position(|pair| pair[0] == table && pair[1] == ":");
    let by_name = texts.iter().position(|text| *text == quoted);
    let as_target = texts.windows(3).position(|three| three == ["table", ":", quoted.as_str()]);
    let in_sql = texts.iter().position(|text| is_sql_write(text, table));
    let at = by_entity.or(by_name).filter(|_| calls).or(as_target).or(in_sql)?;
    Some(statement[at].line)
}

fn is_call(next: &str) -> bool {
    matches!(next, "(" | ":")
}

fn is_sql_write(literal: &str, table: &str) -> bool {
    let sql = literal.replace(['"', '\\', '\n'], " ").to_lowercase();
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    SQL_WRITES.iter().any(|verb| sql.contains(&format!("{verb}{table}")))
}
