-- As wikis keep their store: binary text in BLOB columns, numeric timestamps as text, prefixes, full text search with its
-- shadow tables, tables that rely on the rowid, names that need quoting.
CREATE TABLE "page" (
  page_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  page_namespace INTEGER NOT NULL,
  page_title BLOB NOT NULL,
  page_is_redirect SMALLINT UNSIGNED DEFAULT 0 NOT NULL,
  page_random DOUBLE PRECISION NOT NULL,
  page_touched BLOB NOT NULL,
  page_latest INTEGER UNSIGNED NOT NULL,
  page_len INTEGER UNSIGNED NOT NULL,
  page_lang BLOB DEFAULT NULL
);
CREATE UNIQUE INDEX page_name_title ON "page" (page_namespace, page_title);
CREATE INDEX page_random ON "page" (page_random);
CREATE TABLE revision (
  rev_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  rev_page INTEGER NOT NULL,
  rev_comment_id BIGINT UNSIGNED DEFAULT 0 NOT NULL,
  rev_actor BIGINT UNSIGNED DEFAULT 0 NOT NULL,
  rev_timestamp BLOB NOT NULL,
  rev_minor_edit SMALLINT UNSIGNED DEFAULT 0 NOT NULL,
  rev_parent_id BIGINT UNSIGNED DEFAULT NULL,
  rev_sha1 BLOB DEFAULT '' NOT NULL
);
CREATE INDEX rev_page_timestamp ON revision (rev_page, rev_timestamp);
CREATE TABLE text (old_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, old_text BLOB NOT NULL, old_flags BLOB NOT NULL);
CREATE TABLE "user" (
  user_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  user_name BLOB DEFAULT '' NOT NULL,
  user_email CLOB NOT NULL,
  user_registration BLOB DEFAULT NULL,
  user_editcount INTEGER UNSIGNED DEFAULT NULL
);
CREATE UNIQUE INDEX user_name ON "user" (user_name);
CREATE TABLE user_groups (ug_user INTEGER DEFAULT 0 NOT NULL, ug_group BLOB DEFAULT '' NOT NULL, ug_expiry BLOB DEFAULT NULL, PRIMARY KEY (ug_user, ug_group));
CREATE TABLE categorylinks (cl_from INTEGER UNSIGNED DEFAULT 0 NOT NULL, cl_to BLOB DEFAULT '' NOT NULL, cl_sortkey BLOB DEFAULT '' NOT NULL, "cl ""odd"" type" TEXT DEFAULT 'page' NOT NULL, PRIMARY KEY (cl_from, cl_to));
CREATE TABLE site_stats (ss_row_id INTEGER UNSIGNED NOT NULL, ss_total_edits BIGINT UNSIGNED DEFAULT NULL, PRIMARY KEY (ss_row_id));
CREATE TABLE "Object Cache" (keyname BLOB DEFAULT '' NOT NULL PRIMARY KEY, value MEDIUMBLOB, exptime BLOB NOT NULL, "select" INTEGER DEFAULT NULL);
CREATE TABLE log_search (ls_field, ls_value, ls_log_id);
CREATE VIRTUAL TABLE searchindex USING fts4(si_title, si_text);

INSERT INTO "user" (user_name, user_email, user_registration, user_editcount)
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200)
  SELECT CAST('Ĉapelo' || i AS BLOB), 'w' || i || '@example.org', CAST('20240101000000' AS BLOB), CASE WHEN i % 4 THEN i * 3 END FROM n;
INSERT INTO user_groups SELECT user_id, CAST('sysop' AS BLOB), NULL FROM "user" WHERE user_id % 10 = 0;
INSERT INTO "page" (page_namespace, page_title, page_random, page_touched, page_latest, page_len, page_lang)
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  SELECT i % 5, CAST('Page_' || i || '_日本' AS BLOB), (i * 7919 % 100003) / 100003.0, CAST('20240201000000' AS BLOB), i * 2, 100 + i, CASE WHEN i % 9 = 0 THEN CAST('eo' AS BLOB) END FROM n;
INSERT INTO revision (rev_page, rev_comment_id, rev_actor, rev_timestamp, rev_minor_edit, rev_parent_id, rev_sha1)
  SELECT page_id, page_id % 77, page_id % 200, CAST('2024030100' || printf('%04d', page_id) AS BLOB), page_id % 2, NULL, CAST(hex(page_id) AS BLOB) FROM "page"
  UNION ALL SELECT page_id, 0, 1, CAST('2024040100' || printf('%04d', page_id) AS BLOB), 0, page_id, CAST(hex(page_id * 3) AS BLOB) FROM "page";
INSERT INTO text (old_text, old_flags) SELECT CAST(printf('== Title %d ==', rev_id) || substr(hex(zeroblob(4000)), 1, rev_id % 7000) AS BLOB), CAST('utf-8' AS BLOB) FROM revision;
INSERT INTO categorylinks SELECT page_id, CAST('Category' || page_id % 30 AS BLOB), x'00ff' || page_id, 'page' FROM "page" WHERE page_id % 2;
INSERT INTO site_stats VALUES (1, 4000);
INSERT INTO "Object Cache" SELECT CAST('wiki:key:' || page_id AS BLOB), zeroblob(page_id % 300), CAST('20270101000000' AS BLOB), page_id FROM "page" WHERE page_id % 7 = 0;
INSERT INTO log_search VALUES ('associated_rev_id', '17', 3), ('target_author_id', 17, 3), ('share', 0.5, 3), (NULL, x'00', NULL), ('', '', 4), ('share', 2.0, 5);
INSERT INTO searchindex (rowid, si_title, si_text) SELECT page_id, 'page ' || page_id, 'some words to find' FROM "page" WHERE page_id < 200;
