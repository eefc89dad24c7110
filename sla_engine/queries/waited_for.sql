-- Purpose: who used up the time: of the SLA's own time between the starts and the answers of its clocks (or now), how much passed
-- before each milestone came, and which system reported it. Time before an answer that has not come is that of the answer.
-- `timed` is replaced by a SELECT of clock, at, milestone, system, own_us: start, events in between and end of each clock.
-- Parameters: none.
SELECT milestone, system, sum(waited) AS waited_us, count() AS waits
FROM (
  SELECT milestone, system,
    own_us - lagInFrame(own_us, 1, own_us) OVER (
      PARTITION BY clock ORDER BY at, place, milestone ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS waited
  FROM (/*timed*/)
)
WHERE waited > 0
GROUP BY milestone, system
ORDER BY waited_us DESC, milestone, system
