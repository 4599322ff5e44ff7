CREATE TABLE run_changes_new (
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
    CONSTRAINT ck_run_changes_state CHECK (state IN
        ('applied', 'held', 'approved', 'discarded', 'stale', 'superseded', 'reverted'))
);
INSERT INTO run_changes_new
    SELECT run_id, seq, op, entity, item_id, entity_id, kind, label, before, after, reason, basis,
        state
    FROM run_changes;
DROP TABLE run_changes;
ALTER TABLE run_changes_new RENAME TO run_changes;
CREATE INDEX ix_run_changes_item_id ON run_changes (item_id) WHERE item_id IS NOT NULL;
