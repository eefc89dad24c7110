-- Purpose: whether a tenant has hubs. Parameters: tenant: String. `hubs` is tiny.
SELECT count() FROM hubs FINAL WHERE tenant = {tenant:String}
