-- The queue is the truth of now: one row per (client, the client's own id), both always there. History is in `events`.
-- Progress is in thousandths. What moves every second (speeds, time left, ratio) is in no row.

CREATE TABLE download_clients (
    id {uuid} NOT NULL CONSTRAINT pk_download_clients PRIMARY KEY,
    name {key} NOT NULL,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    settings {json} NOT NULL,
    secret {bytes},
    priority INTEGER NOT NULL,
    enabled {bool} NOT NULL,
    managed_by TEXT NOT NULL,
    unreachable_since {time},
    unreachable_kind TEXT,
    unreachable_reason TEXT,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_download_clients_name UNIQUE (name),
    CONSTRAINT ck_download_clients_managed_by CHECK (managed_by IN ('file', 'person')),
    CONSTRAINT ck_download_clients_unreachable CHECK ((unreachable_since IS NULL) = (unreachable_kind IS NULL))
);

CREATE TABLE downloads (
    id {uuid} NOT NULL CONSTRAINT pk_downloads PRIMARY KEY,
    client_id {uuid} NOT NULL,
    client_download_id {key} NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    progress INTEGER NOT NULL,
    size_bytes BIGINT,
    label TEXT,
    content_path TEXT,
    error TEXT,
    content_key {key},
    origin TEXT NOT NULL,
    pending_op TEXT,
    pending_since {time},
    added_at {time},
    completed_at {time},
    absent_since {time},
    absent_count INTEGER NOT NULL,
    unreachable_since {time},
    match_confidence INTEGER,
    match_reason TEXT,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_downloads_client_id_client_download_id UNIQUE (client_id, client_download_id),
    CONSTRAINT fk_downloads_client_id FOREIGN KEY (client_id) REFERENCES download_clients (id) ON DELETE CASCADE,
    CONSTRAINT ck_downloads_client_download_id CHECK (client_download_id <> ''),
    CONSTRAINT ck_downloads_progress CHECK (progress BETWEEN 0 AND 1000),
    CONSTRAINT ck_downloads_origin CHECK (origin IN ('added', 'adopted')),
    CONSTRAINT ck_downloads_pending CHECK ((pending_op IS NULL) = (pending_since IS NULL))
);
CREATE INDEX ix_downloads_content_key ON downloads (client_id, content_key) WHERE content_key IS NOT NULL;

CREATE TABLE download_items (
    download_id {uuid} NOT NULL,
    item_id {uuid} NOT NULL,
    created_at {time} NOT NULL,
    CONSTRAINT uq_download_items_download_id_item_id PRIMARY KEY (download_id, item_id),
    CONSTRAINT fk_download_items_download_id FOREIGN KEY (download_id) REFERENCES downloads (id) ON DELETE CASCADE,
    CONSTRAINT fk_download_items_item_id FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE
) {clustered};
CREATE INDEX ix_download_items_item_id ON download_items (item_id);

-- What history remembers of a transfer that a client shows, and what is old enough to be forgotten.
CREATE INDEX ix_events_transfer ON events (client_id, (data ->> 'transfer_id')) WHERE client_id IS NOT NULL;
CREATE INDEX ix_events_download_id ON events (download_id) WHERE download_id IS NOT NULL;
CREATE INDEX ix_events_kind ON events (kind, seq);
CREATE INDEX ix_events_at ON events (at) WHERE kind <> 'download.imported';
