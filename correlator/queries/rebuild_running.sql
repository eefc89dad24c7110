-- Purpose: the rebuilds of a tenant that are not finished: of each workflow the latest one begun.
-- Parameters: tenant: String. `rebuilds` is tiny.
SELECT workflow, generation, definition, begun_at
FROM (
  SELECT * FROM rebuilds FINAL
  WHERE tenant = {tenant:String}
  ORDER BY workflow, generation DESC
  LIMIT 1 BY workflow
)
WHERE finished_at IS NULL
