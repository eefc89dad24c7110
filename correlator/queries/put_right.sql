-- Purpose: how many versions of events have lost to others and how many corrections there are, of whatever tenant: mostly
-- none, and then nobody need ask for them. Parameters: none.
SELECT (SELECT count() FROM superseded) AS superseded, (SELECT count() FROM corrections) AS corrections
