-- Purpose: the instant each start is due by its cut-off: that of the first business day whose cut-off it does not miss.
-- Parameters: tenant String; cut_off Array(String), the name of each SLA's compiled cut-off. Index: cut_off_days by (tenant, calendar).
SELECT r.* EXCEPT (promise, cut_off_name), if(c.calendar = '', NULL, c.due_at) AS promised_at,
  if(c.calendar = '', 'The calendar has no business day after the start.', '') AS problem
FROM (SELECT *, {cut_off:Array(String)}[n] AS cut_off_name FROM ended) AS r
ASOF LEFT JOIN (
  SELECT calendar, cut_off_at, due_at FROM cut_off_days
  WHERE tenant = {tenant:String} AND calendar IN {cut_off:Array(String)}
) AS c ON r.cut_off_name = c.calendar AND r.started_at <= c.cut_off_at
