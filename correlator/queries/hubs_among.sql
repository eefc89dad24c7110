-- Purpose: which of some typed keys are hubs. Parameters: tenant: String; typed_keys: Array(String). `hubs` is tiny.
SELECT typed_key FROM hubs FINAL WHERE tenant = {tenant:String} AND typed_key IN {typed_keys:Array(String)}
