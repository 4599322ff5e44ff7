-- One row for each object of a source that is to go. The item, the listing and the source may be
-- gone by then, so none of them is referred to by a foreign key.
CREATE TABLE removals (
    item_id {uuid} NOT NULL,
    listing_id {uuid} NOT NULL,
    run_id {uuid} NOT NULL,
    source_id {uuid} NOT NULL,
    source_name TEXT NOT NULL,
    library_name TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    label TEXT NOT NULL,
    effect TEXT,
    state {key} NOT NULL,
    reason TEXT,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_removals_item_id_listing_id PRIMARY KEY (item_id, listing_id),
    CONSTRAINT fk_removals_run_id FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE,
    CONSTRAINT ck_removals_effect CHECK (effect IN ('files', 'entry', 'files_only')),
    CONSTRAINT ck_removals_state CHECK (state IN ('pending', 'done', 'failed', 'not_supported', 'not_needed'))
) {clustered};
CREATE INDEX ix_removals_run_id ON removals (run_id);
