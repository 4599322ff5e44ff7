//! Transfer: the catalogue as a text file, out and in again. One JSON object for each line, so
//! that it can be read, searched and made by other programs, and so that neither way needs more
//! memory than a page. The format is documented in `docs/export.md`.
//!
//! - `format`: the lines, and nothing else of the file;
//! - `export`: from the catalogue to lines, as it was at one moment;
//! - `reader`: from a file that anybody may have made to lines that can be trusted;
//! - `backup`: a copy of the whole database, for the same database only;
//! - `import`: from lines to the catalogue, by the same rules by which a sync finds items.
//!
//! No secret is ever part of a file: tokens, passwords and what addresses may hold of them stay.

mod backup;
mod export;
mod format;
mod import;
mod reader;

pub use backup::NewFile;
pub use export::Exported;
pub use import::Imported;
