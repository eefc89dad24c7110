-- Purpose: Ends an insert of a segment that a dead client may have left running, and waits until it is gone.
-- Parameters: mark (the log_comment such an insert carries).
-- Index use: none, a list of running statements.
KILL QUERY WHERE Settings['log_comment'] = {mark:String} SYNC
