-- Purpose: the latest date promised by the staged starts; 1970 where none can be read.
-- `promised` is replaced by the SELECT that reads promises, over `asked`.
-- Parameters: from_milestone, promise, zone String.
WITH asked AS (
  SELECT attributes[{promise:String}] AS promise FROM staged_events WHERE milestone = {from_milestone:String}
)
SELECT max(assumeNotNull(promised_at)) FROM (/*promised*/) WHERE promised_at IS NOT NULL
