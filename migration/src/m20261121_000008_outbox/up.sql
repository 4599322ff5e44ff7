-- What a webhook must bring, encrypted.
ALTER TABLE sources ADD COLUMN hook_secret {bytes};
ALTER TABLE download_clients ADD COLUMN hook_secret {bytes};

-- The only library that a run was asked for. A schedule looks for the last runs of a whole source.
ALTER TABLE runs ADD COLUMN library TEXT;
CREATE INDEX ix_runs_source_id_started_at ON runs (source_id, started_at);
DROP INDEX ix_runs_source_id;

-- Who is told of which events. The url may be a secret, so only its address can be read. Events up to seen_seq are in
-- the outbox, or are nothing for this target.
CREATE TABLE notification_targets (
    id {uuid} NOT NULL CONSTRAINT pk_notification_targets PRIMARY KEY,
    name {key} NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    url {bytes} NOT NULL,
    secret {bytes},
    events {json} NOT NULL,
    enabled {bool} NOT NULL,
    managed_by TEXT NOT NULL,
    seen_seq BIGINT NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_notification_targets_name UNIQUE (name),
    CONSTRAINT ck_notification_targets_managed_by CHECK (managed_by IN ('file', 'person'))
);

-- One row for each event and target, whatever the number of servers. Who claimed a row delivers it until then.
CREATE TABLE outbox (
    id {uuid} NOT NULL CONSTRAINT pk_outbox PRIMARY KEY,
    target_id {uuid} NOT NULL,
    event_seq BIGINT NOT NULL,
    event {json} NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at {time} NOT NULL,
    claimed_by TEXT,
    claimed_until {time},
    last_error TEXT,
    sent_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_outbox_target_id_event_seq UNIQUE (target_id, event_seq),
    CONSTRAINT fk_outbox_target_id FOREIGN KEY (target_id) REFERENCES notification_targets (id) ON DELETE CASCADE,
    CONSTRAINT ck_outbox_state CHECK (state IN ('waiting', 'sent', 'dead')),
    CONSTRAINT ck_outbox_claimed CHECK ((claimed_by IS NULL) = (claimed_until IS NULL))
);
CREATE INDEX ix_outbox_next_at ON outbox (next_at) WHERE state = 'waiting';
CREATE INDEX ix_outbox_updated_at ON outbox (updated_at);
