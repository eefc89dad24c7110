-- Purpose: which instances carry a value, exactly or as a prefix. `/*prefixes*/`: conditions on value, workflow, key_type.
-- Parameters: tenant: String; exact: Array(String), typed keys; after_rank: UInt8, after_value, after_workflow, after_type,
-- after_key: String, the position before the page; limit: UInt32. Index: instance_keys by (tenant, value).
SELECT rank, value, workflow, key_type, key
FROM (
  SELECT
    if(concat(workflow, char(31), key_type, char(31), value) IN {exact:Array(String)}, 0, 1) AS rank,
    value, toString(workflow) AS workflow, toString(key_type) AS key_type, key
  FROM (SELECT DISTINCT value, workflow, key_type, key FROM instance_keys WHERE tenant = {tenant:String} AND (/*prefixes*/))
)
WHERE (rank, value, workflow, key_type, key) >
  ({after_rank:UInt8}, {after_value:String}, {after_workflow:String}, {after_type:String}, {after_key:String})
ORDER BY rank, value, workflow, key_type, key
LIMIT {limit:UInt32}
