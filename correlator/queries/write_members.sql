-- Purpose: the memberships of this tick. Parameters: none.
INSERT INTO memberships SELECT * FROM stage_members
