-- Purpose: how many log records are corrections, by their names. `/*received*/`: the collector's SELECT of log records.
-- Parameters: none.
SELECT count() FROM (/*received*/)
WHERE EventName IN ('throughline.event.voided', 'throughline.link.retracted')
  OR (EventName = '' AND LogAttributes['event.name'] IN ('throughline.event.voided', 'throughline.link.retracted'))
