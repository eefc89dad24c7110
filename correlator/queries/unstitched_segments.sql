-- Purpose: committed segments with the workflow definitions that have not seen them. Those committed since `named_from` are
-- named even where all have. `/*segments*/` is replaced by the collector's SELECT of committed segments.
-- Parameters: tenant: String, whose segments; marked_for: String, under which they are marked; workflows, definitions: Array(String),
-- pairwise; named_from: DateTime64(6), UTC.
-- Index: stitched_segments by (tenant, workflow, definition, segment_id).
WITH asked AS (
  SELECT segment_id, signal, rows, committed_at FROM (/*segments*/) WHERE tenant = {tenant:String}
)
SELECT segment_id, signal, rows, pending
FROM (
  SELECT
    segment_id, signal, rows, committed_at,
    arrayFilter(w -> NOT has(done, w), {workflows:Array(String)}) AS pending
  FROM asked AS s
  LEFT JOIN (
    SELECT segment_id, groupUniqArray(toString(workflow)) AS done
    FROM stitched_segments
    WHERE tenant = {marked_for:String} AND segment_id IN (SELECT segment_id FROM asked)
      AND (workflow, definition) IN (
        SELECT tupleElement(pair, 1), tupleElement(pair, 2)
        FROM (SELECT arrayJoin(arrayZip({workflows:Array(String)}, {definitions:Array(String)})) AS pair))
    GROUP BY segment_id
  ) AS d USING (segment_id)
)
WHERE notEmpty(pending) OR committed_at >= {named_from:DateTime64(6)}
