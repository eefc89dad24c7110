-- Purpose: the typed keys on either end of links, as hashes, in parts with a block after `last`, of whatever tenant. A part is
-- named `<partition>_<first block>_<last block>_<level>`.
-- Parameters: last: Int64; start, until: UInt64, between which hashes are. Index: none.
SELECT arrayJoin([sipHash64(outer_key), sipHash64(inner_key)]) AS id FROM key_links
WHERE toInt64(splitByChar('_', _part)[3]) > {last:Int64} AND id BETWEEN {start:UInt64} AND {until:UInt64}
