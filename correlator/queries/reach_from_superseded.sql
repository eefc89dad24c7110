-- Purpose: the same for what losing versions of the staged events once proved. Rare: scans the tenant's links.
-- Parameters: tenant: String.
INSERT INTO stage_reach (typed_key, round)
SELECT DISTINCT outer_key, 0
FROM key_links
WHERE tenant = {tenant:String} AND event_id IN (
  SELECT event_id FROM superseded WHERE tenant = {tenant:String} AND event_id IN (SELECT event_id FROM stage_known))
