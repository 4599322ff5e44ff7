-- The priority by which the items of a source were last settled. Another one than the priority: to be done.
ALTER TABLE sources ADD COLUMN settled_priority INTEGER;
UPDATE sources SET settled_priority = priority;

-- Viewers with the same person_id are one person. After a server failed it is left alone until retry_at.
ALTER TABLE viewers ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE viewers ADD COLUMN retry_at {time};
CREATE INDEX ix_viewers_person_id ON viewers (person_id) WHERE person_id IS NOT NULL;

-- The last play state that was written to the server of a viewer, and what the server said of it since: that is an
-- echo and no news. Before settled, the first other thing that it says is the echo.
CREATE TABLE play_writes (
    item_id {uuid} NOT NULL,
    viewer_id {uuid} NOT NULL,
    state {json} NOT NULL,
    echo {json} NOT NULL,
    settled {bool} NOT NULL,
    failures INTEGER NOT NULL,
    retry_at {time},
    error TEXT,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_play_writes_item_id_viewer_id PRIMARY KEY (item_id, viewer_id),
    CONSTRAINT fk_play_writes_item_id FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE,
    CONSTRAINT fk_play_writes_viewer_id FOREIGN KEY (viewer_id) REFERENCES viewers (id) ON DELETE CASCADE
) {clustered};
CREATE INDEX ix_play_writes_viewer_id ON play_writes (viewer_id);
