-- Purpose: the rebuild of a workflow that is not finished: the latest one begun. Parameters: tenant, workflow: String.
SELECT generation, definition, begun_at
FROM (
  SELECT * FROM rebuilds FINAL
  WHERE tenant = {tenant:String} AND workflow = {workflow:String}
  ORDER BY generation DESC
  LIMIT 1
)
WHERE finished_at IS NULL
