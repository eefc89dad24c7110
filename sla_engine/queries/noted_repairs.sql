-- Purpose: of each feed the earliest minute that is made anew. `minutes` is replaced by the SELECT of them.
-- Parameters: those of the SELECT.
SELECT milestone, toDateTime64(min(minute), 6, 'UTC') AS earliest FROM (/*minutes*/) GROUP BY milestone
