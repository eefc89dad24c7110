-- Purpose: where the walk outward starts from what this tick's corrections take away: the links of a voided event, a
-- retracted link. Of the workflows of the batch only: what others have is judged when the correction comes to them.
-- Rare: scans the tenant's links. Parameters: tenant: String; workflows: Array(String).
INSERT INTO stage_reach (typed_key, round)
SELECT DISTINCT outer_key, 0
FROM key_links
WHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)}
  AND event_id IN (SELECT event_id FROM stage_corrections WHERE kind = 'voided')
UNION ALL
SELECT outer_key, 0 FROM stage_corrections
WHERE kind = 'retracted' AND splitByChar(char(31), outer_key)[1] IN {workflows:Array(String)}
