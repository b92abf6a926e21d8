-- A morning of a password vault, each transaction as its application would do it.
BEGIN;
UPDATE ciphers SET data = json_set(data, '$.password', 'new'), updated_at = '2026-01-01 08:00:00' WHERE uuid = 'cipher-00000001';
INSERT INTO event VALUES ('event-new-1', 1101, 'user-00000002-0000', '192.0.2.1', '2026-01-01 08:00:00');
COMMIT;
UPDATE ciphers SET deleted_at = '2026-01-01 08:01:00' WHERE user_uuid = 'user-00000003-0000';
BEGIN;
DELETE FROM folders_ciphers WHERE cipher_uuid IN (SELECT uuid FROM ciphers WHERE deleted_at < '2026-01-01');
DELETE FROM attachments WHERE cipher_uuid IN (SELECT uuid FROM ciphers WHERE deleted_at < '2026-01-01');
DELETE FROM ciphers WHERE deleted_at < '2026-01-01';
COMMIT;
BEGIN;
INSERT INTO users (uuid, created_at, updated_at, email, name, password_hash, salt, password_iterations, akey, security_stamp)
  VALUES ('user-new', '2026-01-01 09:00:00', '2026-01-01 09:00:00', 'new@example.org', '', x'00ff10', x'', 600000, '', 's');
INSERT INTO devices VALUES ('dev-new', '2026-01-01 09:00:00', 'user-new', 'Phone', 0, 'token');
COMMIT;
REPLACE INTO devices VALUES ('dev-new', '2026-01-01 09:05:00', 'user-new', 'Phone 2', 0, 'token2');
UPDATE users SET email = email || '.old' WHERE uuid = 'user-00000001-0000';
UPDATE users SET email = 'u1@example.org' WHERE uuid = 'user-00000002-0000';
ALTER TABLE users ADD COLUMN external_id TEXT;
UPDATE users SET external_id = 'ext-' || name WHERE name LIKE '%1';
INSERT INTO __migrations (version) VALUES ('20260101000000');
CREATE TABLE auth_requests (uuid CHAR(36) PRIMARY KEY, user_uuid CHAR(36) REFERENCES users (uuid), approved BOOLEAN);
INSERT INTO auth_requests SELECT 'auth-' || uuid, uuid, rowid % 2 FROM users LIMIT 10;
