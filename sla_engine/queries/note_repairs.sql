-- Purpose: the minutes of feeds that count an event which was lost. `lost` is replaced by the correlator's SELECT of those.
-- A row counts one of them where together with them it has fewer events than the two have.
-- Parameters: tenant, workflow String; milestones Array(String); as_of DateTime64(6) UTC. Rare: reads the feeds' minutes.
INSERT INTO feed_repairs
WITH (SELECT groupUniqArray(sipHash64(event_id)) FROM (/*lost*/)) AS lost
SELECT DISTINCT {tenant:String}, {workflow:String}, milestone, minute, {as_of:DateTime64(6)}
FROM feed_minutes
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {milestones:Array(String)}
  AND arrayReduce('uniqExactMerge', [events, arrayReduce('uniqExactState', lost)]) < finalizeAggregation(events) + length(lost)
