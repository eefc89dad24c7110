-- Purpose: the memberships of this tick. Parameters: none.
INSERT INTO memberships SETTINGS optimize_on_insert = 0 SELECT * FROM stage_members
