-- Purpose: how many log records are corrections, by their names. `/*received*/`: the collector's SELECT of log records.
-- Parameters: none. Attributes are read only where the name of an event may be among them.
SELECT count() FROM (/*received*/)
WHERE EventName IN ('', 'throughline.event.voided', 'throughline.link.retracted')
  AND (EventName != ''
    OR LogAttributes['event.name'] IN ('throughline.event.voided', 'throughline.link.retracted'))
