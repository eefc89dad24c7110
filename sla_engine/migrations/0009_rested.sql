-- The promises of a workflow whose rows are being made anew by another definition are not judged until they are there.
ALTER TABLE ticks ADD COLUMN IF NOT EXISTS rested Map(String, DateTime64(6, 'UTC'))
  COMMENT 'workflows that are not judged, because another definition has made their rows, and when they last were';
