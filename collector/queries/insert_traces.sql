-- Purpose: explodes OTLP export requests into the rows of otel_traces, with the values the exporter of the
-- OpenTelemetry Collector writes.
-- Parameters: received_at (DateTime64(6)), tenant, segment_id. collector/decode.py puts `requests` before
-- this text: the segment as `file(...)` or `input(...)`, one row with the array resource_spans.
-- Order of columns as in the INSERT. Reads no table.
SELECT
  fromUnixTimestamp64Nano(toInt64(least(span.start_time_unix_nano, 9223372036854775807))) AS Timestamp,
  if(span.trace_id = repeat('\0', length(span.trace_id)), '', lower(hex(span.trace_id))) AS TraceId,
  if(span.span_id = repeat('\0', length(span.span_id)), '', lower(hex(span.span_id))) AS SpanId,
  if(span.parent_span_id = repeat('\0', length(span.parent_span_id)), '', lower(hex(span.parent_span_id)))
    AS ParentSpanId,
  span.trace_state AS TraceState,
  span.name AS SpanName,
  transform(span.kind, [0, 1, 2, 3, 4, 5],
    ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'], '') AS SpanKind,
  service_name AS ServiceName,
  resource_attributes AS ResourceAttributes,
  scope_name AS ScopeName,
  scope_version AS ScopeVersion,
  mapFromArrays(span.attributes.key, arrayMap(text_of, span.attributes.value)) AS SpanAttributes,
  if(span.end_time_unix_nano = 0, 0, toUInt64(span.end_time_unix_nano - span.start_time_unix_nano)) AS Duration,
  transform(span.status.code, [0, 1, 2], ['Unset', 'Ok', 'Error'], '') AS StatusCode,
  span.status.message AS StatusMessage,
  arrayMap(at -> fromUnixTimestamp64Nano(toInt64(least(at, 9223372036854775807))), span.events.time_unix_nano)
    AS `Events.Timestamp`,
  span.events.name AS `Events.Name`,
  arrayMap(of -> mapFromArrays(of.key, arrayMap(text_of, of.value)), span.events.attributes) AS `Events.Attributes`,
  arrayMap(id -> if(id = repeat('\0', length(id)), '', lower(hex(id))), span.links.trace_id) AS `Links.TraceId`,
  arrayMap(id -> if(id = repeat('\0', length(id)), '', lower(hex(id))), span.links.span_id) AS `Links.SpanId`,
  span.links.trace_state AS `Links.TraceState`,
  arrayMap(of -> mapFromArrays(of.key, arrayMap(text_of, of.value)), span.links.attributes) AS `Links.Attributes`,
  {received_at:DateTime64(6, 'UTC')} AS ReceivedAt,
  {tenant:String} AS Tenant,
  {segment_id:String} AS SegmentId
FROM (
  SELECT resource_attributes, service_name, of_scope.scope.name AS scope_name, of_scope.scope.version AS scope_version,
    arrayJoin(of_scope.spans) AS span
  FROM (
    SELECT resource_attributes, resource_attributes['service.name'] AS service_name, arrayJoin(scopes) AS of_scope
    FROM (
      SELECT
        mapFromArrays(of_resource.resource.attributes.key, arrayMap(text_of, of_resource.resource.attributes.value))
          AS resource_attributes,
        of_resource.scope_spans AS scopes
      FROM (SELECT arrayJoin(resource_spans) AS of_resource FROM requests)
    )
  )
)
