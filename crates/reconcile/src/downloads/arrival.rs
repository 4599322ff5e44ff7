//! Whether what a transfer brought is in the library: every item that it is for has a file of
//! exactly the size of one of its videos. Importers rename files, and a hard link or a copy keeps
//! the size; two different videos of one size for the same item do not happen.
//!
//! It deliberately does not compare paths: the client, the library and we see other ones.

use std::collections::HashSet;

use shelfread_domain::FileRef;
use shelfread_domain::download::TransferFile;
use shelfread_domain::release::video_stem;

/// Whether each of the items has one of the transfer's videos. Nothing is proven without items,
/// without sizes, or by an item without a file.
pub fn has_arrived<'a>(
    files: &[TransferFile],
    items: impl IntoIterator<Item = &'a [FileRef]>,
) -> bool {
    let videos = files.iter().filter(|file| video_stem(&file.path).is_some());
    let sizes: HashSet<u64> =
        videos.filter_map(|file| file.size_bytes).filter(|n| *n > 0).collect();
    let mut items = items.into_iter().peekable();
    let is_there =
        |files: &[FileRef]| files.iter().any(|f| f.size.is_some_and(|n| sizes.contains(&n)));
    items.peek().is_some() && items.all(is_there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn videos(sizes: &[u64]) -> Vec<TransferFile> {
        let named = |(n, size): (usize, &u64)| TransferFile {
            path: format!("Dark.S01/{n}.mkv"),
            size_bytes: Some(*size),
        };
        sizes.iter().enumerate().map(named).collect()
    }

    fn library(sizes: &[u64]) -> Vec<FileRef> {
        sizes.iter().map(|n| FileRef::new("/media/whatever.mkv", Some(*n))).collect()
    }

    #[test]
    fn every_item_needs_a_video_of_the_transfer() {
        for (transfer, items, arrived) in [
            (&[700][..], &[&[700][..]][..], true),
            (&[700, 800], &[&[700], &[1, 800]], true),
            (&[700, 800], &[&[700], &[801]], false),
            (&[700, 800], &[&[700], &[]], false),
            (&[700], &[], false),
            (&[], &[&[700]], false),
            (&[0], &[&[0]], false),
        ] {
            let items: Vec<_> = items.iter().map(|sizes| library(sizes)).collect();
            let items = items.iter().map(Vec::as_slice);
            assert_eq!(has_arrived(&videos(transfer), items), arrived, "{transfer:?}");
        }
        let text = [TransferFile { path: "Heat.nfo".to_owned(), size_bytes: Some(700) }];
        let heat = library(&[700]);
        assert!(!has_arrived(&text, [heat.as_slice()]), "only videos count");
        let unsized_one = [FileRef::new("Heat.mkv", None)];
        assert!(!has_arrived(&videos(&[700]), [&unsized_one[..]]));
    }
}
