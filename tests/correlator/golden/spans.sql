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
  amount AS amount,
  lower(hex(sipHash128(workflow, milestone, identity))) AS event_id,
  arrayElement(CAST([0, 1, 0], 'Array(UInt16)'), hit) AS place,
  'milestone' AS kind,
  arrayElement(CAST(['', 'completed', ''], 'Array(String)'), hit) AS outcome,
  arrayElement(CAST([0, 1, 0], 'Array(UInt8)'), hit) AS is_unique,
  if(
    notEmpty(arrayElement(CAST(['shop', '', ''], 'Array(String)'), hit)),
    arrayElement(CAST(['shop', '', ''], 'Array(String)'), hit),
    service
  ) AS system,
  arrayElement(CAST(['shop', '', ''], 'Array(String)'), hit) AS declared_system,
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
  arrayElement(found, 2) AS currency,
  if(
    and(not(has(raised, 1)), empty(told)),
    emptyArrayString(),
    arraySort(
      arrayDistinct(
        arrayConcat(
          arrayFilter(
            (f, r) -> r,
            [
              'future_dated',
              'end_before_start',
              'missing_service',
              'missing_timestamp',
              'oversized_key',
              'too_many_keys',
              'too_many_links',
              'unreadable_amount'
            ],
            raised
          ),
          arrayFilter(f -> notEmpty(f), splitByChar(',', told))
        )
      )
    )
  ) AS flags,
  arrayElement(CAST(['h1', 'h2'], 'Array(String)'), w) AS definition,
  cityHash64(
    if(is_timed, toUnixTimestamp64Micro(occurred_at), 0),
    if(is_timed, toUnixTimestamp64Micro(started_at), 0),
    name,
    service,
    status,
    trace_id,
    span_id,
    parent_span_id,
    body,
    arraySum(arrayMap((k, v) -> cityHash64(k, v), mapKeys(attributes), mapValues(attributes))),
    ranked_keys
  ) AS content_hash
FROM (
  SELECT
    *,
    array(
      toUInt8(
        greater(
          minus(toUnixTimestamp64Micro(occurred_at), toUnixTimestamp64Micro(received_at)),
          300000000
        )
      ),
      toUInt8(upside_down),
      toUInt8(empty(service)),
      toUInt8(and(notEquals(signal, 'log'), equals(toUnixTimestamp64Micro(occurred_at), 0))),
      toUInt8(
        or(
          arrayExists(
            l -> arrayExists(v -> greater(length(v), 1000), l),
            arraySlice(lists, 3, arrayElement(CAST([6, 2], 'Array(UInt16)'), w))
          ),
          if(
            has([1], w),
            and(
              greater(
                arraySum(array(length(arrayElement(found, 6)), length(arrayElement(found, 7)))),
                498
              ),
              arrayExists(
                v -> greater(length(v), 1000),
                arrayMap(
                  i -> concat(
                    replaceAll(
                      replaceAll(
                        upper(
                          arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i))
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
                          arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i))
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
                          arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i)),
                          ' \t\n\r\f\v'
                        )
                      ),
                      notEmpty(
                        trimBoth(
                          arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i)),
                          ' \t\n\r\f\v'
                        )
                      )
                    ),
                    range(
                      1,
                      plus(arrayMax(array(length(arrayElement(lists, 6)), length(arrayElement(lists, 7)))), 1)
                    )
                  )
                )
              )
            ),
            0
          )
        )
      ),
      toUInt8(
        arrayExists(
          l -> greater(length(l), 1000),
          arraySlice(lists, 3, arrayElement(CAST([6, 2], 'Array(UInt16)'), w))
        )
      ),
      toUInt8(
        if(
          lessOrEquals(length(ranked_keys), 200),
          0,
          greater(
            minus(
              intDiv(multiply(length(ranked_keys), plus(length(ranked_keys), 1)), 2),
              arraySum(arrayEnumerateUniq(arrayMap(k -> tupleElement(k, 1), ranked_keys)))
            ),
            20000
          )
        )
      ),
      toUInt8(and(notEmpty(trimBoth(arrayElement(found, 1))), empty(amount)))
    ) AS raised,
    equals(position(told, 'missing_timestamp'), 0) AS is_timed
  FROM (
    SELECT
      *,
      arraySort(
        (k, i) -> tuple(tupleElement(k, 1), i),
        arrayConcat(
          arrayFlatten(
            arrayMap(
              (e, l) -> arrayMap(
                v -> tuple(
                  tupleElement(e, 1),
                  concat(tupleElement(e, 2), if(isValidUTF8(v), v, hex(v))),
                  tupleElement(e, 3),
                  tupleElement(e, 4)
                ),
                arraySlice(arrayDistinct(l), 1, 1000)
              ),
              kinds,
              values
            )
          ),
          if(
            has([1], w),
            arrayConcat(
              arrayMap(
                v -> tuple(
                  tupleElement(
                    CAST((2, 'order_to_cash\x1finvoice\x1f', -1, 1), 'Tuple(UInt8, String, Int64, UInt8)'),
                    1
                  ),
                  concat(
                    tupleElement(
                      CAST((2, 'order_to_cash\x1finvoice\x1f', -1, 1), 'Tuple(UInt8, String, Int64, UInt8)'),
                      2
                    ),
                    if(isValidUTF8(v), v, hex(v))
                  ),
                  tupleElement(
                    CAST((2, 'order_to_cash\x1finvoice\x1f', -1, 1), 'Tuple(UInt8, String, Int64, UInt8)'),
                    3
                  ),
                  tupleElement(
                    CAST((2, 'order_to_cash\x1finvoice\x1f', -1, 1), 'Tuple(UInt8, String, Int64, UInt8)'),
                    4
                  )
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
                                    arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i))
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
                                    arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i))
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
                                    arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i)),
                                    ' \t\n\r\f\v'
                                  )
                                ),
                                notEmpty(
                                  trimBoth(
                                    arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i)),
                                    ' \t\n\r\f\v'
                                  )
                                )
                              ),
                              range(
                                1,
                                plus(arrayMax(array(length(arrayElement(lists, 6)), length(arrayElement(lists, 7)))), 1)
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
                                  arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i))
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
                                  arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i))
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
                                  arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i)),
                                  ' \t\n\r\f\v'
                                )
                              ),
                              notEmpty(
                                trimBoth(
                                  arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i)),
                                  ' \t\n\r\f\v'
                                )
                              )
                            ),
                            range(
                              1,
                              plus(arrayMax(array(length(arrayElement(lists, 6)), length(arrayElement(lists, 7)))), 1)
                            )
                          )
                        )
                      ),
                      arrayFilter(
                        v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                        arrayMap(v -> upper(v), arrayElement(lists, 8))
                      )
                    )
                  ),
                  1,
                  1000
                )
              )
            ),
            CAST([], 'Array(Tuple(UInt8, String, Int64, UInt8))')
          )
        ),
        arrayEnumerate(
          arrayConcat(
            arrayFlatten(
              arrayMap(
                (e, l) -> arrayMap(
                  v -> tuple(
                    tupleElement(e, 1),
                    concat(tupleElement(e, 2), if(isValidUTF8(v), v, hex(v))),
                    tupleElement(e, 3),
                    tupleElement(e, 4)
                  ),
                  arraySlice(arrayDistinct(l), 1, 1000)
                ),
                kinds,
                values
              )
            ),
            if(
              has([1], w),
              arrayConcat(
                arrayMap(
                  v -> tuple(
                    tupleElement(
                      CAST((2, 'order_to_cash\x1finvoice\x1f', -1, 1), 'Tuple(UInt8, String, Int64, UInt8)'),
                      1
                    ),
                    concat(
                      tupleElement(
                        CAST((2, 'order_to_cash\x1finvoice\x1f', -1, 1), 'Tuple(UInt8, String, Int64, UInt8)'),
                        2
                      ),
                      if(isValidUTF8(v), v, hex(v))
                    ),
                    tupleElement(
                      CAST((2, 'order_to_cash\x1finvoice\x1f', -1, 1), 'Tuple(UInt8, String, Int64, UInt8)'),
                      3
                    ),
                    tupleElement(
                      CAST((2, 'order_to_cash\x1finvoice\x1f', -1, 1), 'Tuple(UInt8, String, Int64, UInt8)'),
                      4
                    )
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
                                      arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i))
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
                                      arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i))
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
                                      arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i)),
                                      ' \t\n\r\f\v'
                                    )
                                  ),
                                  notEmpty(
                                    trimBoth(
                                      arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i)),
                                      ' \t\n\r\f\v'
                                    )
                                  )
                                ),
                                range(
                                  1,
                                  plus(arrayMax(array(length(arrayElement(lists, 6)), length(arrayElement(lists, 7)))), 1)
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
                                    arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i))
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
                                    arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i))
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
                                    arrayElement(arrayElement(lists, 6), if(equals(length(arrayElement(lists, 6)), 1), 1, i)),
                                    ' \t\n\r\f\v'
                                  )
                                ),
                                notEmpty(
                                  trimBoth(
                                    arrayElement(arrayElement(lists, 7), if(equals(length(arrayElement(lists, 7)), 1), 1, i)),
                                    ' \t\n\r\f\v'
                                  )
                                )
                              ),
                              range(
                                1,
                                plus(arrayMax(array(length(arrayElement(lists, 6)), length(arrayElement(lists, 7)))), 1)
                              )
                            )
                          )
                        ),
                        arrayFilter(
                          v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                          arrayMap(v -> upper(v), arrayElement(lists, 8))
                        )
                      )
                    ),
                    1,
                    1000
                  )
                )
              ),
              CAST([], 'Array(Tuple(UInt8, String, Int64, UInt8))')
            )
          )
        )
      ) AS ranked_keys,
      if(
        hasAny(
          mapKeys(resource_attributes),
          arrayElement(
            CAST(
              [
                [
                  'company.code',
                  'currency',
                  'invoice.id',
                  'invoice.number',
                  'order.id',
                  'sales_order.number',
                  'status',
                  'total'
                ],
                ['order.id', 'sales_order.number']
              ],
              'Array(Array(String))'
            ),
            w
          )
        ),
        mapUpdate(
          mapFilter(
            (k, v) -> has(
              arrayElement(
                CAST(
                  [
                    [
                      'company.code',
                      'currency',
                      'invoice.id',
                      'invoice.number',
                      'order.id',
                      'sales_order.number',
                      'status',
                      'total'
                    ],
                    ['order.id', 'sales_order.number']
                  ],
                  'Array(Array(String))'
                ),
                w
              ),
              k
            ),
            resource_attributes
          ),
          if(empty(span_attributes), own_attributes, mapUpdate(span_attributes, own_attributes))
        ),
        if(empty(span_attributes), own_attributes, mapUpdate(span_attributes, own_attributes))
      ) AS attributes,
      arrayElement(CAST(['order_to_cash', 'other'], 'Array(String)'), w) AS workflow,
      arrayElement(CAST(['placed', 'posted', 'seen'], 'Array(String)'), hit) AS milestone,
      multiIf(
        empty(trimBoth(arrayElement(found, 1))),
        '',
        match(trimBoth(arrayElement(found, 1)), '\\A[+-]?[0-9]{1,40}(\\.[0-9]{1,20})?\\z'),
        trimBoth(arrayElement(found, 1)),
        if(
          isNull(toFloat64OrNull(trimBoth(arrayElement(found, 1)))),
          '',
          ifNull(toString(toDecimal128OrNull(trimBoth(arrayElement(found, 1)), 6)), '')
        )
      ) AS amount,
      arrayElement(own_attributes, 'throughline.flags') AS told
    FROM (
      SELECT
        *,
        arrayFilter(
          (e, u) -> equals(u, 1),
          arrayFilter((e, l) -> notEmpty(l), entries, plain),
          arrayEnumerateUniq(
            arrayMap(e -> tupleElement(e, 1), arrayFilter((e, l) -> notEmpty(l), entries, plain))
          )
        ) AS kinds,
        arrayFilter(
          (l, u) -> equals(u, 1),
          arrayFilter(l -> notEmpty(l), plain),
          arrayEnumerateUniq(
            arrayMap(e -> tupleElement(e, 1), arrayFilter((e, l) -> notEmpty(l), entries, plain))
          )
        ) AS values
      FROM (
        SELECT
          *,
          arrayMap(
            (l, s) -> if(
              equals(s, 0),
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
                  l
                )
              ),
              arrayFilter(
                v -> and(notEmpty(trimBoth(v, ' \t\n\r\f\v')), lessOrEquals(length(v), 1000)),
                arrayMap(v -> v, l)
              )
            ),
            arraySlice(lists, 3, length(entries)),
            arrayElement(CAST([[0, 0, 1], [0, 0]], 'Array(Array(UInt8))'), w)
          ) AS plain
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
              arrayElement(CAST([1, 1, 2], 'Array(UInt16)'), hit) AS w,
              arrayMap(
                n -> if(
                  equals(n, '\x1ftrace'),
                  if(equals(trace_id, '00000000000000000000000000000000'), '', trace_id),
                  multiIf(
                    notEmpty(arrayElement(own_attributes, n)),
                    arrayElement(own_attributes, n),
                    notEmpty(arrayElement(span_attributes, n)),
                    arrayElement(span_attributes, n),
                    arrayElement(resource_attributes, n)
                  )
                ),
                arrayElement(
                  CAST(
                    [
                      [
                        'total',
                        'currency',
                        'order.id',
                        'sales_order.number',
                        '\x1ftrace',
                        'company.code',
                        'invoice.number',
                        'invoice.id'
                      ],
                      ['\x1fnowhere', '\x1fnowhere', 'order.id', 'sales_order.number']
                    ],
                    'Array(Array(String))'
                  ),
                  w
                )
              ) AS found,
              arrayElement(
                CAST(
                  [
                    [
                      (0, 'order_to_cash\x1forder\x1f', -1, 0),
                      (0, 'order_to_cash\x1forder\x1f', -1, 0),
                      (1, 'order_to_cash\x1ftrace\x1f', 3600000000, 1)
                    ],
                    [(0, 'other\x1forder\x1f', -1, 0), (0, 'other\x1forder\x1f', -1, 0)]
                  ],
                  'Array(Array(Tuple(UInt8, String, Int64, UInt8)))'
                ),
                w
              ) AS entries
            FROM (
              SELECT
                *,
                arrayJoin(
                  arrayConcat(
                    arrayFilter(
                      h -> notEquals(h, 0),
                      array(if(and(notEquals(signal, 'span'), like(name, '%seen')), 3, 0))
                    ),
                    arrayFilter(
                      h -> arrayElement(besides, arrayElement(CAST([1, 2, 3], 'Array(UInt16)'), h)),
                      if(
                        equals(signal, 'span'),
                        arrayElement(CAST([[], [1]], 'Array(Array(UInt16))'), transform(name, ['POST /orders'], [2], 1)),
                        arrayElement(
                          CAST([[], [2], [2]], 'Array(Array(UInt16))'),
                          transform(name, ['posted', 'it''s \\ posted'], [2, 3], 1)
                        )
                      )
                    )
                  )
                ) AS hit
              FROM (
                SELECT
                  *,
                  array(
                    toUInt8(and(like(service, 'shop%'), in(status, ('ok', 'unset')))),
                    toUInt8(
                      and(
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
                          and(
                            isFinite(
                              toFloat64OrNull(
                                multiIf(
                                  notEmpty(arrayElement(own_attributes, 'total')),
                                  arrayElement(own_attributes, 'total'),
                                  notEmpty(arrayElement(span_attributes, 'total')),
                                  arrayElement(span_attributes, 'total'),
                                  arrayElement(resource_attributes, 'total')
                                )
                              )
                            ),
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
                            )
                          ),
                          0
                        )
                      )
                    ),
                    toUInt8(1)
                  ) AS besides
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
                    equals(SpanName, 'POST /orders')
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
                  FROM (
                    SELECT
                      *
                    FROM received
                    WHERE
                      arrayExists(n -> or(in(n, ('posted', 'it''s \\ posted')), like(n, '%seen')), Events.Name)
                  ) AS received
                  ARRAY JOIN Events.Name AS event_name,
                    Events.Timestamp AS event_at,
                    Events.Attributes AS event_attributes,
                    arrayEnumerate(Events.Name) AS event_index
                  WHERE
                    or(in(name, ('posted', 'it''s \\ posted')), like(name, '%seen'))
                ) AS r
              ) AS r
            ) AS r
          ) AS r
        ) AS r
      ) AS r
    ) AS r
  ) AS r
) AS r
