-- What a rebuild has put right about the time before it began is no news for those who are alerted.
ALTER TABLE verdicts ADD COLUMN IF NOT EXISTS of_rebuild Bool DEFAULT false
  COMMENT 'a correction: only a rebuild has changed it, and it is about the time before that began';
