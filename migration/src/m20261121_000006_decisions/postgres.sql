ALTER TABLE run_changes DROP CONSTRAINT ck_run_changes_state;
ALTER TABLE run_changes ADD CONSTRAINT ck_run_changes_state
    CHECK (state IN ('applied', 'held', 'approved', 'discarded', 'stale', 'superseded', 'reverted'));
