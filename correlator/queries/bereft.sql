-- Purpose: the instances of a rebuilt workflow of which rows were copied that received data no longer covers, which had
-- covered events too, and which no event of the rebuild has touched: their copied state may tell of events that are none by
-- the new definition. Run in the database beside. `/*live*/`: the memberships that readers see.
-- Parameters: tenant, workflow: String; covered: DateTime64(6); begun: UInt64, the version up to which rows were copied.
SELECT DISTINCT tenant, workflow, instance, key
FROM /*live*/
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND received_at >= {covered:DateTime64(6)}
  AND key IN (
    SELECT key FROM instances FINAL
    WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND version <= {begun:UInt64})
