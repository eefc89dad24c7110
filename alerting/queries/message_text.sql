-- Purpose: the rendered words of one message.
-- Parameters: tenant; message_id.
-- Index: primary key (tenant, message_id, attempt).
SELECT title, body
FROM notifications
WHERE tenant = {tenant:String} AND message_id = {message_id:String} AND attempt = 0
LIMIT 1
