-- Purpose: in the database beside, the rebuilds that have begun there: since when received data covered their tenant by then,
-- and the version up to which rows were copied. One that begins anew has another row. Parameters: none.
CREATE TABLE begun_rebuilds (
  workflow String,
  since DateTime64(6, 'UTC'),
  covered DateTime64(6, 'UTC'),
  version UInt64
) ENGINE = MergeTree ORDER BY (workflow, since, version)
