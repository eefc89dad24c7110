-- Decided: every activated version of every definition, and who did what.
CREATE TABLE IF NOT EXISTS definitions (
  tenant LowCardinality(String),
  kind LowCardinality(String) COMMENT 'catalog, workflow, sla, calendar, route',
  name String,
  hash String COMMENT 'SHA-256, hexadecimal',
  body String COMMENT 'the definition as written; for a catalog: JSON of its files',
  actor String,
  effective_at DateTime64(6, 'UTC')
) ENGINE = MergeTree ORDER BY (tenant, kind, name, effective_at);

CREATE TABLE IF NOT EXISTS audit_log (
  tenant LowCardinality(String),
  at DateTime64(6, 'UTC'),
  actor String,
  action LowCardinality(String),
  subject String,
  detail String COMMENT 'JSON'
) ENGINE = MergeTree ORDER BY (tenant, at);
