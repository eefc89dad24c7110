-- Purpose: the verdict of every staged clock as of an instant, beside what is known of it already.
--
-- 1. Bounds are inclusive: at the deadline is in time, later is breached.
-- 2. The order of the cases is the rule: an unreadable promise, then the cancellation, then the answer, then silence.
-- 3. Silence past the deadline is a breach unless the answering system declares a cadence and has not spoken since: then it
--    is waited for as long as its cadence lasts, and unknown after that.
-- 4. valid_from depends on data alone, never on when a tick looked.
-- 5. An excuse takes the place of every verdict but met and cancelled; the first one made counts.
-- 6. Maintenance that took working time away between start and deadline is told of: it moved the deadline.
-- 7. What is known already is in staged_known. A clock made of the same as when a finished tick stored it is left alone: what
--    time, a report of its system or an excuse changes is staged for itself.
-- 8. Lines that end in `if excuses` or `if maintenance` are there for tenants that have any.
-- 9. Step by step: a name stands for its whole expression within one SELECT, and is written out each time it is used there.
--
-- Parameters: tenant String; as_of DateTime64(6) UTC; systems Array(String) that declare a cadence,
--   with seen_us Array(Int64), the event time each has reached, silent_us Array(Int64), until when its cadence holds (both
--   microseconds since 1970, the smallest Int64 for a system never seen) and cadences Array(String), as written;
--   closed_of Array(String), definitions, with closed_since (inclusive), closed_until (exclusive) Array(Int64), microseconds, the
--   working time maintenance took from each, and closed_why Array(String), in words;
--   `excused` is replaced by the SELECT of what was said of each clock.
--   same_before UInt64, the version up to which clocks have been stored by finished ticks; 0: judge all that is staged.
INSERT INTO staged_verdicts
WITH
  {as_of:DateTime64(6)} AS as_of,
  news AS (
    SELECT c.*, n.clock AS known_clock, n.verdict AS known_verdict, n.valid_from AS known_from, n.due_us AS known_due_us,
      n.is_due AS known_is_due, n.answer_us AS known_answer_us, n.known_at AS known_since
    FROM (
      SELECT *, cityHash64(definition, started_at, start_event, ifNull(toUnixTimestamp64Micro(satisfied_at), -9223372036854775807),
        ifNull(toUnixTimestamp64Micro(cancelled_at), -9223372036854775807),
        ifNull(toUnixTimestamp64Micro(deadline_at), -9223372036854775807),
        ifNull(toUnixTimestamp64Micro(risk_at), -9223372036854775807), problem, awaited, system, flags) AS facts
      FROM staged_clocks
    ) AS c
    LEFT JOIN staged_known AS n ON c.clock = n.clock
    WHERE NOT ({same_before:UInt64} > 0 AND n.facts = c.facts AND n.version <= {same_before:UInt64} AND n.clock != '')
  ),
  looked_at AS (
    SELECT n.*,
      x.clock != '' AS is_said, x.said AS said, -- if excuses
      ifNull(toUnixTimestamp64Micro(deadline_at), 0) AS deadline_us,
      indexOf({systems:Array(String)}, toString(system)) AS place,
      satisfied_at IS NOT NULL AS is_answered,
      is_answered AND ifNull(satisfied_at <= deadline_at, 1) AS is_in_time,
      cancelled_at IS NOT NULL AND ifNull(cancelled_at < satisfied_at, 1) AND ifNull(cancelled_at <= deadline_at, 1) AS is_cancelled,
      ifNull(as_of > deadline_at, 0) AS is_past,
      ifNull(risk_at <= as_of, 0) AS is_at_risk
    FROM news AS n
    LEFT JOIN (/*excused*/) AS x ON n.clock = x.clock -- if excuses
  ),
  heard AS (
    SELECT *,
      is_said AND NOT (problem = '' AND (is_cancelled OR is_in_time)) AS is_excused, -- if excuses
      {seen_us:Array(Int64)}[place] AS seen,
      {cadences:Array(String)}[place] AS cadence,
      problem = '' AND NOT is_answered AND NOT is_cancelled AND is_past AND place > 0 AND seen <= deadline_us AS waits,
      greatest(deadline_us, {silent_us:Array(Int64)}[place]) AS blind_us
    FROM looked_at
  ),
  decided AS (
    SELECT *, toUnixTimestamp64Micro(as_of) > blind_us AS is_blind,
      multiIf(
        is_excused, 'excused', -- if excuses
        problem != '', 'unknown',
        is_cancelled, 'cancelled',
        is_in_time, 'met',
        is_answered, 'breached',
        waits AND is_blind, 'unknown',
        waits, 'at_risk',
        is_past, 'breached',
        is_at_risk, 'at_risk',
        'pending') AS verdict
    FROM heard
  ),
  dated AS (
    SELECT *,
      formatDateTime(ifNull(deadline_at, started_at), '%Y-%m-%d %H:%i:%S UTC') AS deadline_text,
      formatDateTime(ifNull(satisfied_at, started_at), '%Y-%m-%d %H:%i:%S UTC') AS answer_text,
      if(seen < 0, concat(system, ' has never reported'),
        concat(system, ' last reported ', formatDateTime(fromUnixTimestamp64Micro(greatest(seen, 0), 'UTC'), '%Y-%m-%d %H:%i:%S UTC'))
      ) AS last_word,
      arrayFilter( -- if maintenance
        (why, definition_of, since, until) -> definition_of = toString(definition) AND since < deadline_us -- if maintenance
          AND until > toUnixTimestamp64Micro(started_at), -- if maintenance
        {closed_why:Array(String)}, {closed_of:Array(String)}, -- if maintenance
        {closed_since:Array(Int64)}, {closed_until:Array(Int64)}) AS closed, -- if maintenance
      multiIf(
        is_excused, greatest(started_at, said.1), -- if excuses
        problem != '', started_at,
        verdict = 'cancelled', assumeNotNull(cancelled_at),
        verdict = 'met', greatest(started_at, assumeNotNull(satisfied_at)),
        verdict = 'breached', assumeNotNull(deadline_at),
        verdict = 'unknown', fromUnixTimestamp64Micro(blind_us, 'UTC'),
        verdict = 'at_risk' AND risk_at IS NULL, assumeNotNull(deadline_at),
        verdict = 'at_risk' AND waits, least(assumeNotNull(risk_at), assumeNotNull(deadline_at)),
        verdict = 'at_risk', assumeNotNull(risk_at),
        started_at) AS valid_from
    FROM decided
  ),
  told AS (
    SELECT *, known_clock = '' AS is_new,
      is_new OR known_verdict != verdict OR known_from != valid_from OR known_due_us != deadline_us
        OR known_is_due != (deadline_at IS NOT NULL)
        OR known_answer_us != ifNull(toUnixTimestamp64Micro(satisfied_at), 0) AS is_news,
      concat(multiIf(
        is_excused, concat('Excused by ', said.3, ': ', said.4, if(problem != '', concat(' (', problem, ')'), -- if excuses
          if(deadline_at IS NULL, '', concat(' (', awaited, ' was due by ', deadline_text, '.)')))), -- if excuses
        problem != '', problem,
        startsWith(awaited, 'at most ') AND verdict = 'met', concat('No more than ', substring(awaited, 9), ' came until ', deadline_text, '.'),
        startsWith(awaited, 'at most ') AND verdict = 'breached',
          concat('More than ', substring(awaited, 9), ' came: the limit was passed at ', deadline_text, '.'),
        startsWith(awaited, 'at most '), concat('No more than ', substring(awaited, 9), ' may come until ', deadline_text, '.'),
        has(flags, 'vanished'), 'What started this clock was corrected, or belongs to another instance: it does not count.',
        verdict = 'cancelled', concat('The instance was cancelled before ', awaited, ' was due.'),
        verdict = 'met' AND deadline_at IS NULL, concat(awaited, ' came at ', answer_text, ' while the clock was paused.'),
        verdict = 'met', concat(awaited, ' came at ', answer_text, ', due by ', deadline_text, '.'),
        verdict = 'breached' AND is_answered, concat(awaited, ' came at ', answer_text, ', ',
          if(dateDiff('second', assumeNotNull(deadline_at), assumeNotNull(satisfied_at)) = 0, 'less than a second',
            formatReadableTimeDelta(dateDiff('second', assumeNotNull(deadline_at), assumeNotNull(satisfied_at)), 'days', 'seconds')),
          ' after it was due (', deadline_text, ').'),
        verdict = 'breached', concat(awaited, ' was due by ', deadline_text, ' and has not come.'),
        verdict = 'unknown', concat(awaited, ' was due by ', deadline_text, '; ', last_word,
          ', longer ago than its cadence of ', cadence, ', so whether it came is not known.'),
        waits, concat(awaited, ' was due by ', deadline_text, '; waiting for the report of ', system, ': ', last_word,
          ' and has a cadence of ', cadence, '.'),
        verdict = 'at_risk' AND deadline_at IS NULL, concat(awaited, ' is at risk; the clock is paused.'),
        verdict = 'at_risk', concat(awaited, ' has not come and is due by ', deadline_text, '.'),
        deadline_at IS NULL, concat('The clock is paused before ', awaited, ' is due.'),
        concat(awaited, ' is due by ', deadline_text, '.')),
        if(empty(closed) OR verdict = 'cancelled', '', concat(' Not counted: ', arrayStringConcat(closed, '; '), '.')), -- if maintenance
        '') AS reason,
      multiIf(
        verdict IN ('met', 'breached', 'cancelled', 'unknown', 'excused'), NULL,
        waits, fromUnixTimestamp64Micro(blind_us + 1, 'UTC'),
        verdict = 'pending' AND risk_at IS NOT NULL, risk_at,
        deadline_at >= toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'), NULL,
        deadline_at IS NOT NULL, fromUnixTimestamp64Micro(deadline_us + 1, 'UTC'),
        NULL) AS next_at
    FROM dated
  )
SELECT workflow, key, sla, clock, per, definition, started_at, start_event, satisfied_at, cancelled_at, deadline_at, risk_at, problem,
  awaited, system, flags, verdict, valid_from, reason, next_at, waits, is_news, is_new, if(is_news, as_of, known_since), known_verdict,
  known_from, facts
FROM told
