-- Purpose: the half ids of deliveries in parts with a block after `last`, of whatever tenant. A part is named
-- `<partition>_<first block>_<last block>_<level>`.
-- Parameters: last: Int64; start, until: UInt64, between which ids are. Index: event_copies by (tenant, id_prefix).
SELECT id_prefix FROM event_copies
WHERE toInt64(splitByChar('_', _part)[3]) > {last:Int64} AND id_prefix BETWEEN {start:UInt64} AND {until:UInt64}
