-- A rebuild makes its rows in a database of its own, whose parts are attached to these tables: no row has to say which one
-- made it.
ALTER TABLE events DROP COLUMN IF EXISTS generation;
ALTER TABLE event_copies DROP COLUMN IF EXISTS generation;
ALTER TABLE event_keys DROP COLUMN IF EXISTS generation;
ALTER TABLE key_links DROP COLUMN IF EXISTS generation;
ALTER TABLE key_links_by_inner DROP COLUMN IF EXISTS generation;
