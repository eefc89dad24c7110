-- Purpose: committed segments and the workflow definitions that have not seen them, oldest segment first.
-- `/*segments*/` is replaced by the collector's SELECT of committed segments.
-- Parameters: tenant: String; workflows, definitions: Array(String), pairwise; floor: String, the least segment id asked for.
-- Index: stitched_segments by (tenant, workflow, definition, segment_id).
SELECT segment_id, signal, rows, pending
FROM (
  SELECT
    segment_id, signal, rows,
    arrayFilter(w -> NOT has(done, w), {workflows:Array(String)}) AS pending
  FROM (
    SELECT segment_id, signal, rows FROM (/*segments*/) WHERE tenant = {tenant:String} AND segment_id >= {floor:String}
  ) AS s
  LEFT JOIN (
    SELECT segment_id, groupUniqArray(toString(workflow)) AS done
    FROM stitched_segments
    WHERE tenant = {tenant:String} AND segment_id >= {floor:String}
      AND (workflow, definition) IN (
        SELECT tupleElement(pair, 1), tupleElement(pair, 2)
        FROM (SELECT arrayJoin(arrayZip({workflows:Array(String)}, {definitions:Array(String)})) AS pair))
    GROUP BY segment_id
  ) AS d USING (segment_id)
)
WHERE notEmpty(pending)
ORDER BY segment_id
