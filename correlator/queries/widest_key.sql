-- Purpose: the most links from one key for a round. Parameters: round: UInt8.
SELECT max(links) FROM (SELECT count() AS links FROM stage_links WHERE round = {round:UInt8} GROUP BY outer_key)
