-- Purpose: the last place in a tenant's ledger; 0 where it is empty.
-- Parameters: tenant String; seq UInt64, a place it is not below.
-- Index: the minmax index on seq leaves the granules appended since.
SELECT greatest(max(seq), {seq:UInt64}) FROM verdicts WHERE tenant = {tenant:String} AND seq > {seq:UInt64}
