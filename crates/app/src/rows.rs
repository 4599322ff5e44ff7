//! The rows that use cases take and give, for those who know no store.

pub use shelfread_store::{
    ClientRow, DownloadFilter, EpisodeRow, Event, EventFilter, ItemDetail, ItemFilter, Letter,
    LetterFilter, LetterState, LibraryRow, ListingDetail, ManagedBy, Page, PastChange,
    RemovalState, RunChange, RunFilter, RunRow, SeasonRow, Sort, SourceRow, StoreError, ViewerRow,
    WaitingHold,
};
