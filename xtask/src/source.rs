//! A Rust file as its text and its words, so that a rule can look for code without finding it in
//! comments and strings.

use std::path::Path;

use anyhow::Result;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use crate::workspace::{read, relative};

/// A Rust file.
pub struct Source {
    /// Relative to the root of the workspace.
    pub path: String,
    /// As it is on the disk.
    pub text: String,
    /// Its words in order; what the file's syntax hides is missing, see [`Source::is_readable`].
    pub words: Vec<Word>,
    readable: bool,
}

/// An identifier, a punctuation character, a bracket or a literal.
pub struct Word {
    /// Counted from 1.
    pub line: usize,
    /// As written.
    pub text: String,
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is no text.
    pub fn read(root: &Path, path: &Path) -> Result<Self> {
        Ok(Self::new(relative(root, path), read(path)?))
    }

    fn new(path: String, text: String) -> Self {
        let mut words = Vec::new();
        let tokens = text.parse::<TokenStream>();
        let readable = tokens.is_ok();
        flatten(tokens.unwrap_or_default(), &mut words);
        Self { path, text, words, readable }
    }

    /// Whether it is Rust at all, at least as far as brackets and quotes go.
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// The lines on which this sequence of words begins. Between words stands a blank:
    /// `"SystemTime : : now"`.
    pub fn lines_with<'a>(&'a self, sequence: &'a str) -> impl Iterator<Item = usize> + 'a {
        let wanted: Vec<&str> = sequence.split(' ').collect();
        self.words.windows(wanted.len()).filter_map(move |window| {
            let same = window.iter().map(|word| word.text.as_str()).eq(wanted.iter().copied());
            same.then_some(window[0].line)
        })
    }
}

fn flatten(tokens: TokenStream, words: &mut Vec<Word>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = brackets(group.delimiter());
                push(words, group.span_open(), open);
                flatten(group.stream(), words);
                push(words, group.span_close(), close);
            }
            other => push(words, other.span(), &other.to_string()),
        }
    }
}

fn push(words: &mut Vec<Word>, span: Span, text: &str) {
    words.push(Word { line: span.start().line, text: text.to_owned() });
}

fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, sequence: &str) -> Vec<usize> {
        Source::new("a.rs".into(), text.into()).lines_with(sequence).collect()
    }

    #[test]
    fn code_is_found_whatever_its_spacing() {
        assert_eq!(lines("fn a() {\n  Utc ::\n now()\n}", "Utc : : now"), [2]);
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        let text =
            "//! Utc::now\n/// Utc::now\nfn a() -> &'static str { \"Utc::now\" } // Utc::now";
        assert!(lines(text, "Utc : : now").is_empty());
    }

    #[test]
    fn what_is_no_rust_is_told() {
        assert!(!Source::new("a.rs".into(), "fn a( {".into()).is_readable());
    }
}
