-- Purpose: the latest date promised by the staged starts; 1970 where none can be read; `never` is left out.
-- `promised` is replaced by the SELECT that reads promises, over `asked`.
-- Parameters: from_milestone, promise Array(String), of one SLA; zone String.
WITH asked AS (
  SELECT attributes[{promise:Array(String)}[1]] AS promise, 1 AS n FROM staged_events WHERE milestone IN {from_milestone:Array(String)}
)
SELECT max(assumeNotNull(promised_at)) FROM (/*promised*/) 
WHERE promised_at < toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC')
