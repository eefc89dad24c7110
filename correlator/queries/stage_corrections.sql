-- Purpose: the corrections among some log records. One without an actor, or that does not say what it is about, is none.
-- `/*received*/`: the collector's SELECT of log records. Parameters: tenant: String.
INSERT INTO stage_corrections
SELECT
  {tenant:String},
  if(name = 'throughline.event.voided', 'voided', 'retracted') AS kind,
  if(kind = 'voided', LogAttributes['event_id'], '') AS event_id,
  if(kind = 'retracted', concat(LogAttributes['workflow'], char(31), LogAttributes['outer.type'], char(31),
    LogAttributes['outer.value']), '') AS outer_key,
  if(kind = 'retracted', concat(LogAttributes['workflow'], char(31), LogAttributes['inner.type'], char(31),
    LogAttributes['inner.value']), '') AS inner_key,
  LogAttributes['actor'] AS actor, LogAttributes['reason'], Timestamp, ReceivedAt
FROM (
  SELECT if(notEmpty(EventName), EventName, LogAttributes['event.name']) AS name, LogAttributes, Timestamp, ReceivedAt
  FROM (/*received*/)
  WHERE EventName IN ('', 'throughline.event.voided', 'throughline.link.retracted')
    AND name IN ('throughline.event.voided', 'throughline.link.retracted')
)
WHERE notEmpty(actor) AND (
  (kind = 'voided' AND notEmpty(event_id))
  OR (kind = 'retracted' AND notEmpty(LogAttributes['outer.value']) AND notEmpty(LogAttributes['inner.value'])))
