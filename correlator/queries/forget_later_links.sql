-- Purpose: take away the links that events without a time have proved at a later receipt than their first. Rare: a mask over the
-- tenant's links. `/*later*/`: the SELECT of these receipts. Parameters: tenant: String.
DELETE FROM key_links
WHERE tenant = {tenant:String} AND (event_id, content_hash, received_at) IN (/*later*/)
