-- What a listing proves of its item: 3 there, 2 looked for, 1 known and not looked for, 0 gone.
ALTER TABLE listings ADD COLUMN standing INTEGER NOT NULL DEFAULT 0
    CONSTRAINT ck_listings_standing CHECK (standing BETWEEN 0 AND 3);
UPDATE listings SET standing = CASE
    WHEN missing_since IS NOT NULL OR kept_since IS NOT NULL THEN 0
    WHEN facts -> 'files' IS NOT NULL OR facts -> 'monitored' IS NULL THEN 3
    WHEN CAST(facts ->> 'monitored' AS text) IN ('1', 'true') THEN 2
    ELSE 1 END;
DROP INDEX ix_listings_item_id;
CREATE INDEX ix_listings_item_id ON listings (item_id, standing, library_id);
-- In the order in which they were made, as they lie on disk.
CREATE INDEX ix_listings_library_id ON listings (library_id, id);

-- What its listings amount to: the most that any of them proves.
ALTER TABLE items ADD COLUMN presence {key} NOT NULL DEFAULT 'missing'
    CONSTRAINT ck_items_presence CHECK (presence IN ('available', 'wanted', 'unmonitored', 'missing'));
UPDATE items SET presence = (
    SELECT CASE MAX(l.standing) WHEN 3 THEN 'available' WHEN 2 THEN 'wanted' WHEN 1 THEN 'unmonitored'
        ELSE 'missing' END
    FROM listings l WHERE l.item_id = items.id);

-- One index for each way to sort. Every query names the kinds and presences that it wants.
DROP INDEX ix_items_kind_sort_title;
CREATE INDEX ix_items_by_title ON items (kind, presence, sort_title, id);
CREATE INDEX ix_items_by_added ON items (kind, presence, id);
CREATE INDEX ix_items_by_year ON items (kind, presence, COALESCE(year, 0), id) WHERE kind IN ('movie', 'show');
