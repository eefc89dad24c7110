-- Purpose: committed segments. `/*segments*/` is replaced by the collector's SELECT of them since a time.
-- Parameters: tenant: String.
SELECT segment_id, signal, rows FROM (/*segments*/) WHERE tenant = {tenant:String}
