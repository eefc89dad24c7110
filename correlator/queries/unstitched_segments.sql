-- Purpose: committed segments and the workflow definitions that have not seen them, oldest segment first.
-- `/*segments*/` is replaced by the collector's SELECT of committed segments.
-- Parameters: tenant: String, whose segments; derived_tenant: String, whose rows; workflows, definitions: Array(String),
-- pairwise; committed_from: DateTime64(6), UTC, the earliest commit asked for.
-- Index: stitched_segments by (tenant, workflow, definition, segment_id); segments are narrow and read whole.
WITH asked AS (
  SELECT segment_id, signal, rows FROM (/*segments*/)
  WHERE tenant = {tenant:String} AND committed_at >= {committed_from:DateTime64(6)}
)
SELECT segment_id, signal, rows, pending
FROM (
  SELECT
    segment_id, signal, rows,
    arrayFilter(w -> NOT has(done, w), {workflows:Array(String)}) AS pending
  FROM asked AS s
  LEFT JOIN (
    SELECT segment_id, groupUniqArray(toString(workflow)) AS done
    FROM stitched_segments
    WHERE tenant = {derived_tenant:String} AND segment_id IN (SELECT segment_id FROM asked)
      AND (workflow, definition) IN (
        SELECT tupleElement(pair, 1), tupleElement(pair, 2)
        FROM (SELECT arrayJoin(arrayZip({workflows:Array(String)}, {definitions:Array(String)})) AS pair))
    GROUP BY segment_id
  ) AS d USING (segment_id)
)
WHERE notEmpty(pending)
ORDER BY segment_id
