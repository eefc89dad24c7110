-- Purpose: explodes OTLP export requests into the rows of otel_logs, with the values the exporter of the
-- OpenTelemetry Collector writes.
-- A record's time is its own, else when it was observed, else when it was received, which is flagged.
-- Parameters: received_at (DateTime64(6)), tenant, segment_id. collector/decode.py puts `requests` before
-- this text: the segment as `file(...)` or `input(...)`, one row with the array resource_logs.
-- Order of columns as in the INSERT. Reads no table.
SELECT
  if(at = 0, toDateTime64({received_at:DateTime64(6, 'UTC')}, 9, 'UTC'),
    fromUnixTimestamp64Nano(toInt64(least(at, 9223372036854775807)), 'UTC')) AS Timestamp,
  if(record.trace_id = repeat('\0', length(record.trace_id)), '', lower(hex(record.trace_id))) AS TraceId,
  if(record.span_id = repeat('\0', length(record.span_id)), '', lower(hex(record.span_id))) AS SpanId,
  toUInt8(bitAnd(record.flags, 255)) AS TraceFlags,
  record.severity_text AS SeverityText,
  toUInt8(least(greatest(record.severity_number, 0), 255)) AS SeverityNumber,
  service_name AS ServiceName,
  arrayMap(text_of, [record.body])[1] AS Body,
  resource_schema AS ResourceSchemaUrl,
  resource_attributes AS ResourceAttributes,
  scope_schema AS ScopeSchemaUrl,
  scope_name AS ScopeName,
  scope_version AS ScopeVersion,
  scope_attributes AS ScopeAttributes,
  if(at = 0, mapConcat(attributes, map('throughline.flags', 'missing_timestamp')), attributes) AS LogAttributes,
  record.event_name AS EventName,
  {received_at:DateTime64(6, 'UTC')} AS ReceivedAt,
  {tenant:String} AS Tenant,
  {segment_id:String} AS SegmentId
FROM (
  SELECT
    *,
    if(record.time_unix_nano = 0, record.observed_time_unix_nano, record.time_unix_nano) AS at,
    mapFromArrays(record.attributes.key, arrayMap(text_of, record.attributes.value)) AS attributes
  FROM (
    SELECT
      resource_attributes, service_name, resource_schema, scope_name, scope_version, scope_schema, scope_attributes,
      arrayJoin(records) AS record
    FROM (
      SELECT resource_attributes, service_name, resource_schema, of_scope.scope.name AS scope_name,
        of_scope.scope.version AS scope_version, of_scope.schema_url AS scope_schema, of_scope.log_records AS records,
        mapFromArrays(of_scope.scope.attributes.key, arrayMap(text_of, of_scope.scope.attributes.value))
          AS scope_attributes
      FROM (
        SELECT resource_attributes, resource_attributes['service.name'] AS service_name, resource_schema,
          arrayJoin(scopes) AS of_scope
        FROM (
          SELECT
            mapFromArrays(of_resource.resource.attributes.key,
              arrayMap(text_of, of_resource.resource.attributes.value)) AS resource_attributes,
            of_resource.schema_url AS resource_schema, of_resource.scope_logs AS scopes
          FROM (SELECT arrayJoin(resource_logs) AS of_resource FROM requests)
        )
      )
    )
  )
)
