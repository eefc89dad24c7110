-- Searching a key looks into every part of these tables, so that with wider merges it took a third longer; they are small, and
-- merging them costs little.
ALTER TABLE instances RESET SETTING merge_selector_base;
ALTER TABLE instance_keys RESET SETTING merge_selector_base;
