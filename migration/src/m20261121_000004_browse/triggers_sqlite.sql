-- Nearly every new listing is of something that is there: that costs one look at its item.
CREATE TRIGGER tr_listings_insert_there AFTER INSERT ON listings
WHEN NEW.standing = 3 AND NEW.item_id IS NOT NULL
BEGIN
    UPDATE items SET presence = 'available' WHERE id = NEW.item_id AND presence <> 'available';
END;

CREATE TRIGGER tr_listings_insert AFTER INSERT ON listings
WHEN NEW.standing <> 3 AND NEW.item_id IS NOT NULL
BEGIN
    UPDATE items SET presence = (
        SELECT CASE MAX(l.standing) WHEN 3 THEN 'available' WHEN 2 THEN 'wanted'
            WHEN 1 THEN 'unmonitored' ELSE 'missing' END
        FROM listings l WHERE l.item_id = NEW.item_id)
    WHERE id = NEW.item_id;
END;

CREATE TRIGGER tr_listings_update AFTER UPDATE OF item_id, standing ON listings
WHEN OLD.item_id IS NOT NEW.item_id OR OLD.standing <> NEW.standing
BEGIN
    UPDATE items SET presence = (
        SELECT CASE MAX(l.standing) WHEN 3 THEN 'available' WHEN 2 THEN 'wanted'
            WHEN 1 THEN 'unmonitored' ELSE 'missing' END
        FROM listings l WHERE l.item_id = items.id)
    WHERE id IN (OLD.item_id, NEW.item_id);
END;

CREATE TRIGGER tr_listings_delete AFTER DELETE ON listings WHEN OLD.item_id IS NOT NULL
BEGIN
    UPDATE items SET presence = (
        SELECT CASE MAX(l.standing) WHEN 3 THEN 'available' WHEN 2 THEN 'wanted'
            WHEN 1 THEN 'unmonitored' ELSE 'missing' END
        FROM listings l WHERE l.item_id = OLD.item_id)
    WHERE id = OLD.item_id;
END;
