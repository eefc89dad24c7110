-- Purpose: by which typed keys stored events wait for links, as hashes, in parts with a block after `last`, of whatever
-- tenant. A part is named `<partition>_<first block>_<last block>_<level>`.
-- Parameters: last: Int64; start, until: UInt64, between which hashes are. Index: none.
SELECT sipHash64(typed_key) AS id FROM event_keys
WHERE toInt64(splitByChar('_', _part)[3]) > {last:Int64} AND id BETWEEN {start:UInt64} AND {until:UInt64}
