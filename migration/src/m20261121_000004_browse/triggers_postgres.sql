-- One call per statement, whatever the number of its rows. Planned afresh each time: a plan that was kept from when the
-- tables were empty takes any index for as good as another, and goes through all of them for good.
CREATE FUNCTION presence_of(item uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE MAX(standing) WHEN 3 THEN 'available' WHEN 2 THEN 'wanted'
        WHEN 1 THEN 'unmonitored' ELSE 'missing' END
    FROM listings WHERE item_id = item
$$;

CREATE FUNCTION settle_presence(ids uuid[]) RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    IF cardinality(ids) > 0 THEN
        UPDATE items SET presence = presence_of(id) WHERE id = ANY (ids) AND presence <> presence_of(id);
    END IF;
END
$$;

CREATE FUNCTION listings_inserted() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    there uuid[] := ARRAY(SELECT item_id FROM after WHERE standing = 3 AND item_id IS NOT NULL);
BEGIN
    IF cardinality(there) > 0 THEN
        UPDATE items SET presence = 'available' WHERE id = ANY (there) AND presence <> 'available';
    END IF;
    PERFORM settle_presence(ARRAY(
        SELECT DISTINCT item_id FROM after WHERE standing <> 3 AND item_id IS NOT NULL));
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_listings_insert AFTER INSERT ON listings
    REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION listings_inserted();

CREATE FUNCTION listings_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM settle_presence(ARRAY(
        SELECT DISTINCT d.item_id FROM (
            (SELECT id, item_id, standing FROM before EXCEPT SELECT id, item_id, standing FROM after)
            UNION ALL
            (SELECT id, item_id, standing FROM after EXCEPT SELECT id, item_id, standing FROM before)
        ) d WHERE d.item_id IS NOT NULL));
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_listings_update AFTER UPDATE ON listings
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION listings_updated();

CREATE FUNCTION listings_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM settle_presence(ARRAY(SELECT DISTINCT item_id FROM before WHERE item_id IS NOT NULL));
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_listings_delete AFTER DELETE ON listings
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION listings_deleted();
