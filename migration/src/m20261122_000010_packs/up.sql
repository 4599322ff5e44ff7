-- The few events that name many items.
CREATE INDEX ix_events_items ON events (seq) WHERE (data ->> 'items') IS NOT NULL;
