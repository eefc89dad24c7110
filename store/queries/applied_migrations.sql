-- Purpose: which migrations this store has, with their checksums (hexadecimal SHA-256).
-- Parameters: none. Reads the whole table: one row per migration.
SELECT room, name, toString(checksum) AS checksum, applied_at FROM applied_migrations ORDER BY room, name
