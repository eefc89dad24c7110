-- Purpose: how many events of feeds have been lost by the staged instances. `lost` is replaced by the correlator's SELECT of them.
-- Parameters: milestones Array(String), and those of the SELECT.
SELECT count() AS events FROM (/*lost*/) WHERE milestone IN {milestones:Array(String)}
