-- Purpose: the corrections of this tick, before anything that follows from them. Parameters: none.
INSERT INTO corrections SELECT * FROM stage_corrections
