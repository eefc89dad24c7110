-- Purpose: how far the walks are: how many go on after a round, how many steps there were. Parameters: round: UInt8.
SELECT countIf(round = {round:UInt8} AND NOT is_root) AS walking, countIf(round > 0) AS walked FROM stage_walk
