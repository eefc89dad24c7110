-- Merging derived rows took as long as deriving them whenever a rebuild, which writes as many rows again, made the engine merge
-- everything. Wider merges rewrite a row half as often; reading some ten more parts was not measurably slower.
ALTER TABLE events MODIFY SETTING merge_selector_base = 16;
ALTER TABLE event_copies MODIFY SETTING merge_selector_base = 16;
ALTER TABLE event_keys MODIFY SETTING merge_selector_base = 16;
ALTER TABLE key_links MODIFY SETTING merge_selector_base = 16;
ALTER TABLE key_links_by_inner MODIFY SETTING merge_selector_base = 16;
ALTER TABLE memberships MODIFY SETTING merge_selector_base = 16;
ALTER TABLE instances MODIFY SETTING merge_selector_base = 16;
ALTER TABLE instance_keys MODIFY SETTING merge_selector_base = 16;
