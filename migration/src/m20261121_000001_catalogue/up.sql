-- Names are public: people query their own database. Ids are UUIDv7, times are UTC, enums are text.
-- Wide columns stand last, so that reading narrow ones touches no overflow pages.

CREATE TABLE sources (
    id {uuid} NOT NULL CONSTRAINT pk_sources PRIMARY KEY,
    name {key} NOT NULL,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    settings {json} NOT NULL,
    secret {bytes},
    server_id TEXT,
    priority INTEGER NOT NULL,
    on_missing TEXT NOT NULL,
    max_removals TEXT NOT NULL,
    enabled {bool} NOT NULL,
    managed_by TEXT NOT NULL,
    last_seen_at {time},
    last_error TEXT,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_sources_name UNIQUE (name),
    CONSTRAINT ck_sources_managed_by CHECK (managed_by IN ('file', 'person'))
);

CREATE TABLE libraries (
    id {uuid} NOT NULL CONSTRAINT pk_libraries PRIMARY KEY,
    source_id {uuid} NOT NULL,
    remote_id {key} NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    enabled {bool} NOT NULL,
    last_complete_run_id {uuid},
    last_complete_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_libraries_source_id_remote_id UNIQUE (source_id, remote_id),
    CONSTRAINT fk_libraries_source_id FOREIGN KEY (source_id) REFERENCES sources (id) ON DELETE CASCADE
);

CREATE TABLE items (
    id {uuid} NOT NULL CONSTRAINT pk_items PRIMARY KEY,
    kind {key} NOT NULL,
    parent_id {uuid},
    season_number INTEGER,
    episode_number INTEGER,
    absolute_number INTEGER,
    air_date {date},
    year INTEGER,
    runtime_seconds BIGINT,
    created_run_id {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    title TEXT NOT NULL,
    sort_title {key} NOT NULL,
    title_key {key},
    poster_url TEXT,
    overview TEXT,
    CONSTRAINT fk_items_parent_id FOREIGN KEY (parent_id) REFERENCES items (id) ON DELETE CASCADE,
    CONSTRAINT ck_items_kind CHECK (kind IN ('movie', 'show', 'season', 'episode')),
    CONSTRAINT ck_items_parent_id CHECK ((kind IN ('movie', 'show')) = (parent_id IS NULL)),
    CONSTRAINT ck_items_season_number CHECK (season_number >= 0),
    CONSTRAINT ck_items_episode_number CHECK (episode_number >= 0)
);
CREATE UNIQUE INDEX uq_items_season ON items (parent_id, season_number) WHERE kind = 'season';
CREATE UNIQUE INDEX uq_items_episode ON items (parent_id, season_number, episode_number) WHERE kind = 'episode';
CREATE UNIQUE INDEX uq_items_air_date ON items (parent_id, air_date) WHERE kind = 'episode' AND episode_number IS NULL;
CREATE INDEX ix_items_parent_id ON items (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX ix_items_title_key ON items (kind, title_key, year) WHERE title_key IS NOT NULL;
CREATE INDEX ix_items_kind_sort_title ON items (kind, sort_title, id);
CREATE INDEX ix_items_created_run_id ON items (created_run_id) WHERE created_run_id IS NOT NULL;

CREATE TABLE listings (
    id {uuid} NOT NULL CONSTRAINT pk_listings PRIMARY KEY,
    library_id {uuid} NOT NULL,
    remote_id {key} NOT NULL,
    part INTEGER NOT NULL,
    kind TEXT NOT NULL,
    parent_remote_id TEXT,
    item_id {uuid},
    match_basis TEXT NOT NULL,
    fingerprint BIGINT NOT NULL,
    file_key BIGINT,
    moved_key BIGINT,
    missing_since {time},
    kept_since {time},
    created_run_id {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    review {json},
    play {json},
    facts {json} NOT NULL,
    CONSTRAINT uq_listings_library_id_remote_id_part UNIQUE (library_id, remote_id, part),
    CONSTRAINT fk_listings_library_id FOREIGN KEY (library_id) REFERENCES libraries (id) ON DELETE CASCADE,
    CONSTRAINT fk_listings_item_id FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE,
    CONSTRAINT ck_listings_kind CHECK (kind IN ('movie', 'show', 'season', 'episode')),
    CONSTRAINT ck_listings_part CHECK (part >= 0)
);
CREATE INDEX ix_listings_item_id ON listings (item_id);
CREATE INDEX ix_listings_file_key ON listings (file_key) WHERE file_key IS NOT NULL;
CREATE INDEX ix_listings_moved_key ON listings (moved_key) WHERE moved_key IS NOT NULL;
CREATE INDEX ix_listings_created_run_id ON listings (created_run_id) WHERE created_run_id IS NOT NULL;
CREATE INDEX ix_listings_missing ON listings (library_id) WHERE missing_since IS NOT NULL;
CREATE INDEX ix_listings_review ON listings (library_id) WHERE review IS NOT NULL;

CREATE TABLE external_ids (
    kind {key} NOT NULL,
    provider {key} NOT NULL,
    value {key} NOT NULL,
    item_id {uuid} NOT NULL,
    created_at {time} NOT NULL,
    CONSTRAINT uq_external_ids_kind_provider_value PRIMARY KEY (kind, provider, value),
    CONSTRAINT fk_external_ids_item_id FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE
) {clustered};
CREATE INDEX ix_external_ids_item_id ON external_ids (item_id);

CREATE TABLE item_settings (
    item_id {uuid} NOT NULL CONSTRAINT pk_item_settings PRIMARY KEY,
    auto_download {bool} NOT NULL,
    status TEXT,
    downloaded_at {time},
    extra {json},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT fk_item_settings_item_id FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE
) {clustered};

CREATE TABLE overrides (
    item_id {uuid} NOT NULL,
    field {key} NOT NULL,
    value TEXT,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_overrides_item_id_field PRIMARY KEY (item_id, field),
    CONSTRAINT fk_overrides_item_id FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE
) {clustered};

CREATE TABLE viewers (
    id {uuid} NOT NULL CONSTRAINT pk_viewers PRIMARY KEY,
    source_id {uuid} NOT NULL,
    remote_user {key} NOT NULL,
    name TEXT NOT NULL,
    person_id {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_viewers_source_id_remote_user UNIQUE (source_id, remote_user),
    CONSTRAINT fk_viewers_source_id FOREIGN KEY (source_id) REFERENCES sources (id) ON DELETE CASCADE
);

CREATE TABLE progress (
    item_id {uuid} NOT NULL,
    viewer_id {uuid} NOT NULL,
    position_seconds BIGINT NOT NULL,
    played {bool} NOT NULL,
    play_count INTEGER NOT NULL,
    last_played_at {time},
    carried {bool} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_progress_item_id_viewer_id PRIMARY KEY (item_id, viewer_id),
    CONSTRAINT fk_progress_item_id FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE,
    CONSTRAINT fk_progress_viewer_id FOREIGN KEY (viewer_id) REFERENCES viewers (id) ON DELETE CASCADE
) {clustered};
CREATE INDEX ix_progress_viewer_id ON progress (viewer_id);

CREATE TABLE runs (
    id {uuid} NOT NULL CONSTRAINT pk_runs PRIMARY KEY,
    source_id {uuid},
    source_name TEXT NOT NULL,
    trigger TEXT NOT NULL,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    dry_run {bool} NOT NULL,
    existing TEXT NOT NULL,
    counts {json} NOT NULL,
    coverage {json} NOT NULL,
    reverts_run_id {uuid},
    reverted_by_run_id {uuid},
    started_at {time} NOT NULL,
    finished_at {time},
    message TEXT,
    CONSTRAINT fk_runs_source_id FOREIGN KEY (source_id) REFERENCES sources (id) ON DELETE SET NULL
);
CREATE INDEX ix_runs_source_id ON runs (source_id);
CREATE INDEX ix_runs_started_at ON runs (started_at, id);

CREATE TABLE run_changes (
    run_id {uuid} NOT NULL,
    seq BIGINT NOT NULL,
    op TEXT NOT NULL,
    entity TEXT NOT NULL,
    item_id {uuid},
    entity_id {uuid},
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    before {json},
    after {json},
    reason TEXT NOT NULL,
    basis TEXT,
    state TEXT NOT NULL,
    CONSTRAINT uq_run_changes_run_id_seq PRIMARY KEY (run_id, seq),
    CONSTRAINT fk_run_changes_run_id FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE,
    CONSTRAINT ck_run_changes_state CHECK (state IN ('applied', 'held', 'discarded', 'reverted'))
);
CREATE INDEX ix_run_changes_item_id ON run_changes (item_id) WHERE item_id IS NOT NULL;

CREATE TABLE run_errors (
    run_id {uuid} NOT NULL,
    seq BIGINT NOT NULL,
    scope TEXT NOT NULL,
    message TEXT NOT NULL,
    CONSTRAINT uq_run_errors_run_id_seq PRIMARY KEY (run_id, seq),
    CONSTRAINT fk_run_errors_run_id FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
);

CREATE TABLE holds (
    id {uuid} NOT NULL CONSTRAINT pk_holds PRIMARY KEY,
    run_id {uuid} NOT NULL,
    library_id {uuid} NOT NULL,
    fingerprint TEXT NOT NULL,
    state {key} NOT NULL,
    item_count BIGINT NOT NULL,
    listing_count BIGINT NOT NULL,
    reason TEXT NOT NULL,
    decided_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT fk_holds_run_id FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE,
    CONSTRAINT fk_holds_library_id FOREIGN KEY (library_id) REFERENCES libraries (id) ON DELETE CASCADE,
    CONSTRAINT ck_holds_state CHECK (state IN ('pending', 'approved', 'discarded', 'stale', 'superseded'))
);
CREATE INDEX ix_holds_run_id ON holds (run_id);
CREATE INDEX ix_holds_library_id_state ON holds (library_id, state);

-- History outlives its subjects: no foreign keys.
CREATE TABLE events (
    seq {sequence},
    at {time} NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    item_id {uuid},
    source_id {uuid},
    library_id {uuid},
    client_id {uuid},
    download_id {uuid},
    run_id {uuid},
    data {json} NOT NULL
);
CREATE INDEX ix_events_item_id ON events (item_id) WHERE item_id IS NOT NULL;

CREATE TABLE leases (
    name {key} NOT NULL CONSTRAINT pk_leases PRIMARY KEY,
    owner TEXT NOT NULL,
    fencing_token BIGINT NOT NULL,
    expires_at {time} NOT NULL
);
-- Nobody holds this one: on PostgreSQL every batch locks its row, so that one batch at a time is
-- matched and applied, without writing anything.
INSERT INTO leases (name, owner, fencing_token, expires_at) VALUES ('catalogue', '', 0, '1970-01-01T00:00:00+00:00');
