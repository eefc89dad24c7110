-- Purpose: the latest date promised by the staged starts; 1970 where none can be read; `never` is left out.
-- `promised` is replaced by the SELECT that reads promises, over `asked`.
-- Parameters: from_milestone, promise, zone String.
WITH asked AS (
  SELECT attributes[{promise:String}] AS promise FROM staged_events WHERE milestone = {from_milestone:String}
)
SELECT max(assumeNotNull(promised_at)) FROM (/*promised*/) 
WHERE promised_at < toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC')
