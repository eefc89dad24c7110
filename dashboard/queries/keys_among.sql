-- Purpose: which of the instances on a page the SLA engine names. The marked place takes its `keys_with_verdict`.
-- Parameters: page_keys: Array(String), the root values on the page, and those of `keys_with_verdict`.
-- Index: as `keys_with_verdict`; a page is at most 1,000 keys.
SELECT key FROM (/*keys*/) WHERE key IN {page_keys:Array(String)}
