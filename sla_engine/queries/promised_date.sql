-- Purpose: the instant each start promises. A date ends with that day, a time without offset is local, in the SLA's zone.
-- A date beyond the store's range (SAP writes 9999-12-31 for never) is the last instant of that range.
-- The day's last microsecond is looked for an hour later too: where clocks go back at midnight, 23:59 comes twice.
-- A local time that clocks skip is as long after the change as it would be after it by the clocks before (02:30 is 03:30), as it is in
-- calendars and imports; one that they show twice is the first of the two. The engine's own reader sets it before the change.
-- Parameters: promise Array(String), the attribute's name of each SLA; from_milestone Array(String); zone String, IANA.
WITH
  trimBoth(promise) AS text,
  parseDateTime64BestEffortOrNull(concat(substring(text, 1, 10), ' 23:59:59.999999'), 6, {zone:String}) AS day_end,
  match(text, '^(19|20|21|22)\\d{2}-\\d{2}-\\d{2}$') AS is_date,
  match(text, '^(19|20|21|22)\\d{2}-\\d{2}-\\d{2}[T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:?\\d{2})?$') AS is_instant,
  parseDateTime64BestEffortOrNull(text, 6, 'UTC') AS shown,
  timezoneOffset(toTimeZone(shown - INTERVAL 1 DAY, {zone:String})) AS offset_before,
  timezoneOffset(toTimeZone(shown + INTERVAL 1 DAY, {zone:String})) AS offset_after,
  subtractSeconds(shown, offset_before) AS by_offset_before,
  subtractSeconds(shown, offset_after) AS by_offset_after,
  timezoneOffset(toTimeZone(by_offset_before, {zone:String})) != offset_before
    AND timezoneOffset(toTimeZone(by_offset_after, {zone:String})) = offset_after AS is_after_change,
  match(text, '^(2[3-9]\\d{2}|[3-9]\\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])([T ].*)?$') AS is_never
SELECT * EXCEPT (promise),
  toTimeZone(multiIf(
    is_never, toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'),
    day_end IS NULL, NULL,
    is_date, if(toDate32(day_end + INTERVAL 1 HOUR) = toDate32(day_end), day_end + INTERVAL 1 HOUR, day_end),
    is_instant AND match(text, ':.*(Z|[+-]\\d{2}:?\\d{2})$'), shown,
    is_instant, if(is_after_change, by_offset_after, by_offset_before),
    NULL), 'UTC') AS promised_at,
  multiIf(
    promised_at IS NOT NULL, '',
    text = '', concat('The ', {from_milestone:Array(String)}[n], ' event carries no date in ', {promise:Array(String)}[n], '.'),
    concat('The promised date in ', {promise:Array(String)}[n], ' cannot be read: "', substringUTF8(text, 1, 80), '".')) AS problem
FROM /*rows*/
