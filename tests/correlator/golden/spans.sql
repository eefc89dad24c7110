SELECT
  segment_id AS segment_id,
  workflow AS workflow,
  milestone AS milestone,
  signal AS signal,
  name AS name,
  service AS service,
  status AS status,
  occurred_at AS occurred_at,
  started_at AS started_at,
  received_at AS received_at,
  trace_id AS trace_id,
  span_id AS span_id,
  parent_span_id AS parent_span_id,
  ranked_keys AS ranked_keys,
  attributes AS attributes,
  lower(hex(sipHash128(workflow, milestone, identity))) AS event_id,
  arrayElement(array(toUInt16(0), toUInt16(1), toUInt16(0)), hit) AS place,
  toString('milestone') AS kind,
  arrayElement(array('', 'completed', ''), hit) AS outcome,
  arrayElement(array(toUInt8(0), toUInt8(1), toUInt8(0)), hit) AS is_unique,
  if(
    notEmpty(arrayElement(array('shop', '', ''), hit)),
    arrayElement(array('shop', '', ''), hit),
    service
  ) AS system,
  arrayElement(array('shop', '', ''), hit) AS declared_system,
  if(
    notEmpty(arrayElement(own_attributes, 'cloudevents.event_source')),
    arrayElement(own_attributes, 'cloudevents.event_source'),
    service
  ) AS source,
  arrayMap(k -> tupleElement(k, 2), ranked_keys) AS typed_keys,
  arrayMap(
    k -> tupleElement(k, 2),
    arrayFilter(
      k -> equals(tupleElement(k, 1), tupleElement(arrayElement(ranked_keys, 1), 1)),
      ranked_keys
    )
  ) AS innermost,
  if(empty(ranked_keys), toUInt8(255), tupleElement(arrayElement(ranked_keys, 1), 1)) AS innermost_rank,
  if(empty(ranked_keys), toUInt8(0), tupleElement(arrayElement(ranked_keys, 1), 4)) AS keeps_time,
  if(
    lessOrEquals(hit, 2),
    if(
      match(trimBoth(arrayElement(found, 6)), '\\A[+-]?[0-9]{1,40}(\\.[0-9]{1,20})?\\z'),
      trimBoth(arrayElement(found, 6)),
      ifNull(toString(toDecimal128OrNull(trimBoth(arrayElement(found, 6)), 6)), '')
    ),
    toString('')
  ) AS amount,
  if(lessOrEquals(hit, 2), arrayElement(found, 7), toString('')) AS currency,
  if(
    not(
      or(
        greater(
          minus(toUnixTimestamp64Micro(occurred_at), toUnixTimestamp64Micro(received_at)),
          300000000
        ),
        upside_down,
        empty(service),
        arrayExists(l -> arrayExists(v -> greater(length(v), 1000), l), lists),
        if(
          lessOrEquals(length(ranked_keys), 200),
          0,
          greater(
            arrayElement(
              arrayMap(
                (ranks, distinct_ranks) -> minus(
                  multiply(length(ranked_keys), length(ranked_keys)),
                  arraySum(
                    arrayMap(r -> multiply(countEqual(ranks, r), countEqual(ranks, r)), distinct_ranks)
                  )
                ),
                array(arrayMap(k -> tupleElement(k, 1), ranked_keys)),
                array(arrayDistinct(arrayMap(k -> tupleElement(k, 1), ranked_keys)))
              ),
              1
            ),
            40000
          )
        ),
        if(
          lessOrEquals(hit, 2),
          and(notEmpty(trimBoth(arrayElement(found, 6))), empty(amount)),
          0
        ),
        notEquals(splitByChar(',', arrayElement(own_attributes, 'throughline.flags')), array(''))
      )
    ),
    emptyArrayString(),
    arraySort(
      arrayDistinct(
        arrayFilter(
          f -> notEmpty(f),
          arrayConcat(
            array(
              if(
                greater(
                  minus(toUnixTimestamp64Micro(occurred_at), toUnixTimestamp64Micro(received_at)),
                  300000000
                ),
                'future_dated',
                ''
              ),
              if(upside_down, 'end_before_start', ''),
              if(empty(service), 'missing_service', ''),
              if(
                arrayExists(l -> arrayExists(v -> greater(length(v), 1000), l), lists),
                'oversized_key',
                ''
              ),
              if(
                if(
                  lessOrEquals(length(ranked_keys), 200),
                  0,
                  greater(
                    arrayElement(
                      arrayMap(
                        (ranks, distinct_ranks) -> minus(
                          multiply(length(ranked_keys), length(ranked_keys)),
                          arraySum(
                            arrayMap(r -> multiply(countEqual(ranks, r), countEqual(ranks, r)), distinct_ranks)
                          )
                        ),
                        array(arrayMap(k -> tupleElement(k, 1), ranked_keys)),
                        array(arrayDistinct(arrayMap(k -> tupleElement(k, 1), ranked_keys)))
                      ),
                      1
                    ),
                    40000
                  )
                ),
                'too_many_links',
                ''
              ),
              if(
                if(
                  lessOrEquals(hit, 2),
                  and(notEmpty(trimBoth(arrayElement(found, 6))), empty(amount)),
                  0
                ),
                'unreadable_amount',
                ''
              )
            ),
            splitByChar(',', arrayElement(own_attributes, 'throughline.flags'))
          )
        )
      )
    )
  ) AS flags,
  arrayElement(array('h1', 'h1', 'h2'), hit) AS definition,
  sipHash64(
    if(
      greater(
        position(arrayElement(own_attributes, 'throughline.flags'), 'missing_timestamp'),
        0
      ),
      toInt64(0),
      toUnixTimestamp64Micro(occurred_at)
    ),
    if(
      greater(
        position(arrayElement(own_attributes, 'throughline.flags'), 'missing_timestamp'),
        0
      ),
      toInt64(0),
      toUnixTimestamp64Micro(started_at)
    ),
    name,
    service,
    status,
    trace_id,
    span_id,
    parent_span_id,
    body,
    arraySum(arrayMap((k, v) -> sipHash64(k, v), mapKeys(attributes), mapValues(attributes))),
    ranked_keys
  ) AS content_hash
FROM (
  SELECT
    *,
    if(
      lessOrEquals(hit, 2),
      arrayConcat(
        arrayMap(
          v -> tuple(
            toUInt8(0),
            concat('order_to_cash\x1forder\x1f', if(isValidUTF8(v), v, hex(v))),
            toInt64((
              -1
            )),
            toUInt8(0)
          ),
          arraySlice(
            arrayDistinct(
              if(
                notEmpty(
                  arrayFilter(
                    v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                    arrayMap(
                      v -> if(
                        match(trimBoth(v, ' \t\n\r\f\v'), '\\A[0-9]+\\z'),
                        if(
                          empty(trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')),
                          '0',
                          trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')
                        ),
                        trimBoth(v, ' \t\n\r\f\v')
                      ),
                      arrayElement(lists, 1)
                    )
                  )
                ),
                arrayFilter(
                  v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                  arrayMap(
                    v -> if(
                      match(trimBoth(v, ' \t\n\r\f\v'), '\\A[0-9]+\\z'),
                      if(
                        empty(trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')),
                        '0',
                        trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')
                      ),
                      trimBoth(v, ' \t\n\r\f\v')
                    ),
                    arrayElement(lists, 1)
                  )
                ),
                arrayFilter(
                  v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                  arrayMap(
                    v -> if(
                      match(trimBoth(v, ' \t\n\r\f\v'), '\\A[0-9]+\\z'),
                      if(
                        empty(trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')),
                        '0',
                        trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')
                      ),
                      trimBoth(v, ' \t\n\r\f\v')
                    ),
                    arrayElement(lists, 2)
                  )
                )
              )
            ),
            1,
            1000
          )
        ),
        arrayMap(
          v -> tuple(
            toUInt8(1),
            concat('order_to_cash\x1ftrace\x1f', if(isValidUTF8(v), v, hex(v))),
            toInt64(3600000000),
            toUInt8(1)
          ),
          if(
            or(empty(trace_id), equals(trace_id, '00000000000000000000000000000000')),
            emptyArrayString(),
            array(trace_id)
          )
        ),
        arrayMap(
          v -> tuple(
            toUInt8(2),
            concat('order_to_cash\x1finvoice\x1f', if(isValidUTF8(v), v, hex(v))),
            toInt64((
              -1
            )),
            toUInt8(1)
          ),
          arraySlice(
            arrayDistinct(
              if(
                notEmpty(
                  arrayFilter(
                    v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                    arrayMap(
                      i -> concat(
                        replaceAll(
                          replaceAll(
                            upper(
                              arrayElement(arrayElement(lists, 3), if(equals(length(arrayElement(lists, 3)), 1), 1, i))
                            ),
                            '\\',
                            '\\\\'
                          ),
                          '/',
                          '\\/'
                        ),
                        '/',
                        replaceAll(
                          replaceAll(
                            upper(
                              arrayElement(arrayElement(lists, 4), if(equals(length(arrayElement(lists, 4)), 1), 1, i))
                            ),
                            '\\',
                            '\\\\'
                          ),
                          '/',
                          '\\/'
                        )
                      ),
                      arrayFilter(
                        i -> and(
                          notEmpty(
                            trimBoth(
                              arrayElement(arrayElement(lists, 3), if(equals(length(arrayElement(lists, 3)), 1), 1, i)),
                              ' \t\n\r\f\v'
                            )
                          ),
                          notEmpty(
                            trimBoth(
                              arrayElement(arrayElement(lists, 4), if(equals(length(arrayElement(lists, 4)), 1), 1, i)),
                              ' \t\n\r\f\v'
                            )
                          )
                        ),
                        range(
                          1,
                          plus(arrayMax(array(length(arrayElement(lists, 3)), length(arrayElement(lists, 4)))), 1)
                        )
                      )
                    )
                  )
                ),
                arrayFilter(
                  v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                  arrayMap(
                    i -> concat(
                      replaceAll(
                        replaceAll(
                          upper(
                            arrayElement(arrayElement(lists, 3), if(equals(length(arrayElement(lists, 3)), 1), 1, i))
                          ),
                          '\\',
                          '\\\\'
                        ),
                        '/',
                        '\\/'
                      ),
                      '/',
                      replaceAll(
                        replaceAll(
                          upper(
                            arrayElement(arrayElement(lists, 4), if(equals(length(arrayElement(lists, 4)), 1), 1, i))
                          ),
                          '\\',
                          '\\\\'
                        ),
                        '/',
                        '\\/'
                      )
                    ),
                    arrayFilter(
                      i -> and(
                        notEmpty(
                          trimBoth(
                            arrayElement(arrayElement(lists, 3), if(equals(length(arrayElement(lists, 3)), 1), 1, i)),
                            ' \t\n\r\f\v'
                          )
                        ),
                        notEmpty(
                          trimBoth(
                            arrayElement(arrayElement(lists, 4), if(equals(length(arrayElement(lists, 4)), 1), 1, i)),
                            ' \t\n\r\f\v'
                          )
                        )
                      ),
                      range(
                        1,
                        plus(arrayMax(array(length(arrayElement(lists, 3)), length(arrayElement(lists, 4)))), 1)
                      )
                    )
                  )
                ),
                arrayFilter(
                  v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                  arrayMap(v -> upper(v), arrayElement(lists, 5))
                )
              )
            ),
            1,
            1000
          )
        )
      ),
      arrayConcat(
        arrayMap(
          v -> tuple(
            toUInt8(0),
            concat('other\x1forder\x1f', if(isValidUTF8(v), v, hex(v))),
            toInt64((
              -1
            )),
            toUInt8(0)
          ),
          arraySlice(
            arrayDistinct(
              if(
                notEmpty(
                  arrayFilter(
                    v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                    arrayMap(
                      v -> if(
                        match(trimBoth(v, ' \t\n\r\f\v'), '\\A[0-9]+\\z'),
                        if(
                          empty(trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')),
                          '0',
                          trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')
                        ),
                        trimBoth(v, ' \t\n\r\f\v')
                      ),
                      arrayElement(lists, 1)
                    )
                  )
                ),
                arrayFilter(
                  v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                  arrayMap(
                    v -> if(
                      match(trimBoth(v, ' \t\n\r\f\v'), '\\A[0-9]+\\z'),
                      if(
                        empty(trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')),
                        '0',
                        trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')
                      ),
                      trimBoth(v, ' \t\n\r\f\v')
                    ),
                    arrayElement(lists, 1)
                  )
                ),
                arrayFilter(
                  v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                  arrayMap(
                    v -> if(
                      match(trimBoth(v, ' \t\n\r\f\v'), '\\A[0-9]+\\z'),
                      if(
                        empty(trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')),
                        '0',
                        trimLeft(trimBoth(v, ' \t\n\r\f\v'), '0')
                      ),
                      trimBoth(v, ' \t\n\r\f\v')
                    ),
                    arrayElement(lists, 2)
                  )
                )
              )
            ),
            1,
            1000
          )
        )
      )
    ) AS ranked_keys,
    if(
      lessOrEquals(hit, 2),
      if(
        hasAny(
          mapKeys(resource_attributes),
          array(
            'company.code',
            'currency',
            'invoice.id',
            'invoice.number',
            'order.id',
            'sales_order.number',
            'status',
            'total'
          )
        ),
        mapUpdate(
          mapFilter(
            (k, v) -> has(
              array(
                'company.code',
                'currency',
                'invoice.id',
                'invoice.number',
                'order.id',
                'sales_order.number',
                'status',
                'total'
              ),
              k
            ),
            resource_attributes
          ),
          if(empty(span_attributes), own_attributes, mapUpdate(span_attributes, own_attributes))
        ),
        if(empty(span_attributes), own_attributes, mapUpdate(span_attributes, own_attributes))
      ),
      if(
        hasAny(mapKeys(resource_attributes), array('order.id', 'sales_order.number')),
        mapUpdate(
          mapFilter((k, v) -> has(array('order.id', 'sales_order.number'), k), resource_attributes),
          if(empty(span_attributes), own_attributes, mapUpdate(span_attributes, own_attributes))
        ),
        if(empty(span_attributes), own_attributes, mapUpdate(span_attributes, own_attributes))
      )
    ) AS attributes,
    arrayElement(array('order_to_cash', 'order_to_cash', 'other'), hit) AS workflow,
    arrayElement(array('placed', 'posted', 'seen'), hit) AS milestone
  FROM (
    SELECT
      *,
      arrayMap(
        x -> if(
          and(
            startsWith(x, '['),
            isValidJSON(x),
            not(
              arrayExists(e -> or(startsWith(e, '{'), startsWith(e, '[')), JSONExtractArrayRaw(x))
            )
          ),
          arrayMap(
            e -> multiIf(startsWith(e, '"'), JSONExtractString(e), equals(e, 'null'), toString(''), e),
            JSONExtractArrayRaw(x)
          ),
          array(x)
        ),
        found
      ) AS lists
    FROM (
      SELECT
        *,
        if(
          lessOrEquals(hit, 2),
          array(
            multiIf(
              notEmpty(arrayElement(own_attributes, 'order.id')),
              arrayElement(own_attributes, 'order.id'),
              notEmpty(arrayElement(span_attributes, 'order.id')),
              arrayElement(span_attributes, 'order.id'),
              arrayElement(resource_attributes, 'order.id')
            ),
            multiIf(
              notEmpty(arrayElement(own_attributes, 'sales_order.number')),
              arrayElement(own_attributes, 'sales_order.number'),
              notEmpty(arrayElement(span_attributes, 'sales_order.number')),
              arrayElement(span_attributes, 'sales_order.number'),
              arrayElement(resource_attributes, 'sales_order.number')
            ),
            multiIf(
              notEmpty(arrayElement(own_attributes, 'company.code')),
              arrayElement(own_attributes, 'company.code'),
              notEmpty(arrayElement(span_attributes, 'company.code')),
              arrayElement(span_attributes, 'company.code'),
              arrayElement(resource_attributes, 'company.code')
            ),
            multiIf(
              notEmpty(arrayElement(own_attributes, 'invoice.number')),
              arrayElement(own_attributes, 'invoice.number'),
              notEmpty(arrayElement(span_attributes, 'invoice.number')),
              arrayElement(span_attributes, 'invoice.number'),
              arrayElement(resource_attributes, 'invoice.number')
            ),
            multiIf(
              notEmpty(arrayElement(own_attributes, 'invoice.id')),
              arrayElement(own_attributes, 'invoice.id'),
              notEmpty(arrayElement(span_attributes, 'invoice.id')),
              arrayElement(span_attributes, 'invoice.id'),
              arrayElement(resource_attributes, 'invoice.id')
            ),
            multiIf(
              notEmpty(arrayElement(own_attributes, 'total')),
              arrayElement(own_attributes, 'total'),
              notEmpty(arrayElement(span_attributes, 'total')),
              arrayElement(span_attributes, 'total'),
              arrayElement(resource_attributes, 'total')
            ),
            multiIf(
              notEmpty(arrayElement(own_attributes, 'currency')),
              arrayElement(own_attributes, 'currency'),
              notEmpty(arrayElement(span_attributes, 'currency')),
              arrayElement(span_attributes, 'currency'),
              arrayElement(resource_attributes, 'currency')
            )
          ),
          array(
            multiIf(
              notEmpty(arrayElement(own_attributes, 'order.id')),
              arrayElement(own_attributes, 'order.id'),
              notEmpty(arrayElement(span_attributes, 'order.id')),
              arrayElement(span_attributes, 'order.id'),
              arrayElement(resource_attributes, 'order.id')
            ),
            multiIf(
              notEmpty(arrayElement(own_attributes, 'sales_order.number')),
              arrayElement(own_attributes, 'sales_order.number'),
              notEmpty(arrayElement(span_attributes, 'sales_order.number')),
              arrayElement(span_attributes, 'sales_order.number'),
              arrayElement(resource_attributes, 'sales_order.number')
            )
          )
        ) AS found
      FROM (
        SELECT
          *,
          arrayJoin(hits) AS hit
        FROM (
          SELECT
            *,
            arrayFilter(
              h -> notEquals(h, 0),
              array(
                if(
                  and(
                    equals(signal, 'span'),
                    equals(name, 'POST /orders'),
                    like(service, 'shop%'),
                    in(status, ('ok', 'unset'))
                  ),
                  1,
                  0
                ),
                if(
                  and(
                    notEquals(signal, 'span'),
                    in(name, ('posted', 'it''s \\ posted')),
                    equals(
                      multiIf(
                        notEmpty(arrayElement(own_attributes, 'status')),
                        arrayElement(own_attributes, 'status'),
                        notEmpty(arrayElement(span_attributes, 'status')),
                        arrayElement(span_attributes, 'status'),
                        arrayElement(resource_attributes, 'status')
                      ),
                      'ok'
                    ),
                    ifNull(
                      greaterOrEquals(
                        toFloat64OrNull(
                          multiIf(
                            notEmpty(arrayElement(own_attributes, 'total')),
                            arrayElement(own_attributes, 'total'),
                            notEmpty(arrayElement(span_attributes, 'total')),
                            arrayElement(span_attributes, 'total'),
                            arrayElement(resource_attributes, 'total')
                          )
                        ),
                        0.5
                      ),
                      0
                    )
                  ),
                  2,
                  0
                ),
                if(and(notEquals(signal, 'span'), like(name, '%seen')), 3, 0)
              )
            ) AS hits
          FROM (
            SELECT
              SegmentId AS segment_id,
              ReceivedAt AS received_at,
              'span' AS signal,
              toString(SpanName) AS name,
              '' AS span_name,
              toString(ServiceName) AS service,
              CASE
                WHEN StatusCode IN ('Ok', 'Error')
                THEN lower(toString(StatusCode))
                ELSE 'unset'
              END AS status,
              fromUnixTimestamp64Micro(
                intDiv(toUnixTimestamp64Nano(Timestamp), 1000) + intDiv(reinterpretAsInt64(Duration), 1000),
                'UTC'
              ) AS occurred_at,
              fromUnixTimestamp64Micro(intDiv(toUnixTimestamp64Nano(Timestamp), 1000), 'UTC') AS started_at,
              TraceId AS trace_id,
              SpanId AS span_id,
              ParentSpanId AS parent_span_id,
              SpanAttributes AS own_attributes,
              CAST(map(), 'Map(LowCardinality(String), String)') AS span_attributes,
              ResourceAttributes AS resource_attributes,
              StatusMessage AS body,
              sipHash128('span', TraceId, SpanId, SpanKind, ServiceName) AS identity,
              toUInt8(reinterpretAsInt64(Duration) < 0) AS upside_down
            FROM received
            WHERE
              equals(name, 'POST /orders')
            UNION ALL
            SELECT
              SegmentId AS segment_id,
              ReceivedAt AS received_at,
              'span_event' AS signal,
              toString(event_name) AS name,
              toString(SpanName) AS span_name,
              toString(ServiceName) AS service,
              CASE
                WHEN StatusCode IN ('Ok', 'Error')
                THEN lower(toString(StatusCode))
                ELSE 'unset'
              END AS status,
              fromUnixTimestamp64Micro(intDiv(toUnixTimestamp64Nano(event_at), 1000), 'UTC') AS occurred_at,
              occurred_at AS started_at,
              TraceId AS trace_id,
              SpanId AS span_id,
              ParentSpanId AS parent_span_id,
              event_attributes AS own_attributes,
              SpanAttributes AS span_attributes,
              ResourceAttributes AS resource_attributes,
              '' AS body,
              sipHash128('span_event', TraceId, SpanId, SpanKind, ServiceName, event_name, event_at, event_index) AS identity,
              toUInt8(0) AS upside_down
            FROM received
            ARRAY JOIN Events.Name AS event_name,
              Events.Timestamp AS event_at,
              Events.Attributes AS event_attributes,
              arrayEnumerate(Events.Name) AS event_index
            WHERE
              or(in(name, ('posted', 'it''s \\ posted')), like(name, '%seen'))
          ) AS record
        ) AS matched
      ) AS reached
    ) AS valued
  ) AS listed
) AS keyed
