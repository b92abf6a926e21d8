-- A recorder writes in batches, purges the oldest rows, compiles statistics and repairs its schema.
BEGIN;
INSERT INTO states WITH RECURSIVE n (i) AS (VALUES (12001) UNION ALL SELECT i + 1 FROM n WHERE i < 12500)
  SELECT i, '21.5', 1800000000.125 + i, i - 80, 1 + i % 300, 1 + i % 80, NULL FROM n;
INSERT INTO events WITH RECURSIVE n (i) AS (VALUES (6001) UNION ALL SELECT i + 1 FROM n WHERE i < 6200)
  SELECT i, 0, 1800000000 + i, NULL, NULL, 1 FROM n;
COMMIT;
BEGIN;
UPDATE states SET old_state_id = NULL WHERE old_state_id <= 4000;
DELETE FROM states WHERE state_id <= 4000;
DELETE FROM events WHERE event_id <= 3000;
DELETE FROM event_data WHERE data_id NOT IN (SELECT data_id FROM events WHERE data_id IS NOT NULL);
COMMIT;
BEGIN;
INSERT INTO "statistics" (created_ts, metadata_id, start_ts, mean, min, max)
  SELECT 1800000000.5, metadata_id, 1800000000.0, avg(state), min(state), max(state) FROM states WHERE state <> 'unavailable' GROUP BY metadata_id;
COMMIT;
UPDATE recorder_runs SET "end" = '2026-01-01 00:00:00.000000', closed_incorrect = 1 WHERE run_id = 2;
INSERT INTO recorder_runs VALUES (3, '2026-01-01 00:00:10.000000', NULL, 0);
UPDATE "statistics" SET sum = 1e-300 WHERE id % 1000 = 0;
DELETE FROM statistics_meta WHERE id = 80;
DELETE FROM "statistics" WHERE metadata_id = 80;
UPDATE states_meta SET entity_id = replace(entity_id, 'temperature', 'warmth') WHERE metadata_id < 40;
BEGIN;
CREATE TABLE new_recorder_runs (run_id INTEGER NOT NULL, "start" DATETIME NOT NULL, "end" DATETIME, closed_incorrect BOOLEAN NOT NULL, created DATETIME, PRIMARY KEY (run_id));
INSERT INTO new_recorder_runs SELECT run_id, "start", "end", closed_incorrect, "start" FROM recorder_runs;
DROP TABLE recorder_runs;
ALTER TABLE new_recorder_runs RENAME TO recorder_runs;
COMMIT;
INSERT INTO recorder_runs VALUES (4, '2026-02-01 00:00:00.000000', NULL, 0, '2026-02-01 00:00:00.000000');
