-- As self-hosted password vaults keep their store: text UUID keys, datetimes, ciphers in JSON, join tables, blobs.
PRAGMA foreign_keys = ON;
CREATE TABLE users (
  uuid TEXT NOT NULL PRIMARY KEY,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  password_hash BLOB NOT NULL,
  salt BLOB NOT NULL,
  password_iterations INTEGER NOT NULL,
  akey TEXT NOT NULL,
  private_key TEXT,
  security_stamp TEXT NOT NULL,
  equivalent_domains TEXT NOT NULL DEFAULT '[]',
  enabled BOOLEAN NOT NULL DEFAULT 1,
  verified_at DATETIME DEFAULT NULL,
  login_verify_count INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE devices (
  uuid TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  user_uuid TEXT NOT NULL REFERENCES users (uuid),
  name TEXT NOT NULL,
  atype INTEGER NOT NULL,
  refresh_token TEXT NOT NULL,
  PRIMARY KEY (uuid, user_uuid)
);
CREATE TABLE organizations (uuid VARCHAR(40) NOT NULL PRIMARY KEY, name TEXT NOT NULL, billing_email TEXT NOT NULL);
CREATE TABLE users_organizations (
  uuid TEXT NOT NULL PRIMARY KEY,
  user_uuid TEXT NOT NULL REFERENCES users (uuid),
  org_uuid TEXT NOT NULL REFERENCES organizations (uuid),
  access_all BOOLEAN NOT NULL,
  atype INTEGER NOT NULL,
  UNIQUE (user_uuid, org_uuid)
);
CREATE TABLE folders (
  uuid TEXT NOT NULL PRIMARY KEY,
  created_at DATETIME NOT NULL,
  user_uuid TEXT NOT NULL REFERENCES users (uuid),
  name TEXT NOT NULL
);
CREATE TABLE ciphers (
  uuid TEXT NOT NULL PRIMARY KEY,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  user_uuid TEXT REFERENCES users (uuid),
  organization_uuid TEXT REFERENCES organizations (uuid),
  atype INTEGER NOT NULL,
  name TEXT NOT NULL,
  notes TEXT,
  "fields" TEXT,
  data TEXT NOT NULL,
  password_history TEXT,
  deleted_at DATETIME,
  "key" TEXT
);
CREATE INDEX "ciphers by user" ON ciphers (user_uuid, updated_at DESC);
CREATE TABLE folders_ciphers (
  cipher_uuid TEXT NOT NULL REFERENCES ciphers (uuid),
  folder_uuid TEXT NOT NULL REFERENCES folders (uuid),
  PRIMARY KEY (cipher_uuid, folder_uuid)
);
CREATE TABLE attachments (
  id TEXT NOT NULL PRIMARY KEY,
  cipher_uuid TEXT NOT NULL REFERENCES ciphers (uuid),
  file_name TEXT NOT NULL,
  file_size BIGINT NOT NULL,
  akey TEXT
);
CREATE TABLE event (
  uuid CHAR(36) NOT NULL PRIMARY KEY,
  event_type INTEGER NOT NULL,
  user_uuid CHAR(36),
  ip_address TEXT,
  event_date DATETIME NOT NULL
);
CREATE TABLE __migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);

INSERT INTO __migrations VALUES ('20180114171611', '2024-01-01 00:00:00'), ('20240112210182', '2024-02-01 00:00:00');
INSERT INTO users (uuid, created_at, updated_at, email, name, password_hash, salt, password_iterations, akey, security_stamp, verified_at)
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 120)
  SELECT printf('user-%08x-0000', i), '2024-01-01 10:00:00.123456', '2024-01-02 10:00:00', 'u' || i || '@example.org', 'Ünal ' || i,
         zeroblob(32) || CAST(i AS BLOB), CAST('salt' || i AS BLOB), 600000, '2.' || hex(i * 977), 'stamp-' || i,
         CASE WHEN i % 3 THEN '2024-01-03 00:00:00' END FROM n;
INSERT INTO devices SELECT 'dev-' || uuid, created_at, uuid, 'Firefox “work”', 3, lower(hex(uuid)) FROM users;
INSERT INTO organizations VALUES ('org-1', 'Ateliers & Fils', 'bill@example.org'), ('org-2', 'Дом', 'dom@example.org');
INSERT INTO users_organizations SELECT 'uo-' || uuid, uuid, 'org-' || (1 + rowid % 2), rowid % 2, rowid % 4 FROM users;
INSERT INTO folders SELECT 'folder-' || uuid, created_at, uuid, '2.encrypted==|' || uuid FROM users;
INSERT INTO ciphers
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
  SELECT printf('cipher-%08x', i), '2024-03-01 00:00:00', datetime('2024-03-01', '+' || i || ' minutes'),
         CASE WHEN i % 5 THEN printf('user-%08x-0000', 1 + i % 120) END, CASE WHEN i % 5 = 0 THEN 'org-' || (1 + i % 2) END,
         1 + i % 4, '2.name' || i, CASE WHEN i % 3 THEN 'line one' || char(10) || 'line two	tab \ backslash' END,
         CASE WHEN i % 7 = 0 THEN '[{"type":0,"name":"pin"}]' END, json_object('username', 'u' || i, 'uris', json_array('https://example.org/' || i)),
         NULL, CASE WHEN i % 50 = 0 THEN '2024-04-01 00:00:00' END, NULL FROM n;
INSERT INTO folders_ciphers SELECT uuid, 'folder-' || user_uuid FROM ciphers WHERE user_uuid IS NOT NULL AND rowid % 2;
INSERT INTO attachments SELECT 'att-' || uuid, uuid, 'scan.pdf', rowid * 1048576 * 4096, 'k' FROM ciphers WHERE rowid % 10 = 0;
INSERT INTO event SELECT 'event-' || rowid, 1000 + rowid % 9, user_uuid, '2001:db8::1', updated_at FROM ciphers;
