-- Purpose: ends an INSERT of this segment that may still run on the server (a client that gave up does not stop
-- it), and waits.
-- Parameters: segment_id, which every such INSERT carries as its log comment.
KILL QUERY WHERE Settings['log_comment'] = {segment_id:String} SYNC
