-- Purpose: what the scratch tables of a tick hold. Parameters: round: UInt8, the last round outward asked for.
SELECT
  (SELECT count() FROM stage_events) AS events,
  (SELECT count() FROM stage_corrections) AS corrections,
  (SELECT count() FROM stage_known) AS known,
  (SELECT count() FROM stage_reread) AS reread,
  (SELECT count() FROM stage_reach WHERE round = {round:UInt8}) AS reached,
  (SELECT uniqExact(instance) FROM stage_members) AS instances
