-- Purpose: event x instance for every event of this tick: a root key is its own instance, an alias leads to those its
-- walk has reached, unless these are too many. An event about several roots tells each of them its own root key only: the
-- root keys are the first of its keys, so the rest of them is cut off, not searched for, which took a gigabyte for 1,000.
-- Of its aliases it tells nothing where they are so many that it proves no link.
-- Parameters: tenant: String; version: UInt64.
INSERT INTO stage_members (
  tenant, instance, event_id, workflow, key, occurred_at, received_at, milestone, place, outcome, is_unique, system, amount,
  currency, typed_keys, flags, definition, version, is_deleted)
SELECT
  {tenant:String}, instance, event_id, workflow,
  substring(instance, position(instance, char(31), position(instance, char(31)) + 1) + 1),
  occurred_at, received_at, milestone, place, outcome, is_unique, system, amount, currency, typed_keys, flags, definition,
  {version:UInt64}, 0
FROM (
  SELECT instance, * EXCEPT (instance) REPLACE (arrayConcat([instance], typed_keys) AS typed_keys)
  FROM (
    SELECT
      arrayJoin(s.innermost) AS instance,
      * REPLACE (
        if(has(s.flags, 'too_many_links'), [], arraySlice(s.typed_keys, length(s.innermost) + 1)) AS typed_keys,
        emptyArrayString() AS innermost)
    FROM stage_state AS s WHERE s.innermost_rank = 0
  )
  UNION ALL
  SELECT w.typed_key AS instance, s.* EXCEPT (origin)
  FROM (SELECT arrayJoin(innermost) AS origin, * FROM stage_state WHERE innermost_rank NOT IN (0, 255)) AS s
  INNER JOIN (SELECT DISTINCT origin_key, origin_us, typed_key FROM stage_walk
    WHERE is_root
      AND (origin_key, origin_us) NOT IN (SELECT origin_key, origin_us FROM stage_hubs) -- if walked_hubs
  ) AS w
    ON s.origin = w.origin_key AND s.from_us = w.origin_us
)
