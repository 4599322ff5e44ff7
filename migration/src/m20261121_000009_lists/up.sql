-- With the title: a search reads no row of an item that does not fit.
DROP INDEX ix_items_by_title;
DROP INDEX ix_items_by_added;
DROP INDEX ix_items_by_year;
CREATE INDEX ix_items_by_title ON items (kind, presence, sort_title, id, title);
CREATE INDEX ix_items_by_added ON items (kind, presence, id, title);
CREATE INDEX ix_items_by_year ON items (kind, presence, COALESCE(year, 0), id, title)
    WHERE kind IN ('movie', 'show');

-- In the order in which people are asked.
DROP INDEX ix_listings_review;
CREATE INDEX ix_listings_review ON listings (id) WHERE review IS NOT NULL;

-- Runs by whose they are, how they ended, and what started them.
CREATE INDEX ix_runs_source_name ON runs (source_name, started_at, id);
CREATE INDEX ix_runs_status ON runs (status, started_at, id);
CREATE INDEX ix_runs_trigger ON runs (trigger, started_at, id);

-- History by time, by source and by download client: as it is called now, and as it was called then.
CREATE INDEX ix_events_time ON events (at, seq);
CREATE INDEX ix_events_source ON events ((data ->> 'source'), seq);
CREATE INDEX ix_events_client_id ON events (client_id, seq) WHERE client_id IS NOT NULL;
CREATE INDEX ix_events_client_name ON events ((data ->> 'client'), seq);
