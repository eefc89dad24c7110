-- What was committed since the last look is found without reading what was committed before: segments lie by the time at
-- which they were opened, and are committed soon after it.
ALTER TABLE segments ADD INDEX IF NOT EXISTS idx_committed_at committed_at TYPE minmax GRANULARITY 1;

ALTER TABLE segments MATERIALIZE INDEX idx_committed_at;
