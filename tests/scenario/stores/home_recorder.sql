-- As home automation recorders keep their store: few wide tables, many rows, float timestamps, attributes shared by hash.
CREATE TABLE event_types (event_type_id INTEGER NOT NULL, event_type VARCHAR(64), PRIMARY KEY (event_type_id));
CREATE UNIQUE INDEX ix_event_types_event_type ON event_types (event_type);
CREATE TABLE event_data (data_id INTEGER NOT NULL, hash INTEGER, shared_data TEXT, PRIMARY KEY (data_id));
CREATE INDEX ix_event_data_hash ON event_data (hash);
CREATE TABLE events (
  event_id INTEGER NOT NULL,
  origin_idx SMALLINT,
  time_fired_ts FLOAT,
  data_id INTEGER,
  context_id_bin BLOB,
  event_type_id INTEGER,
  PRIMARY KEY (event_id),
  FOREIGN KEY (data_id) REFERENCES event_data (data_id),
  FOREIGN KEY (event_type_id) REFERENCES event_types (event_type_id)
);
CREATE INDEX ix_events_time_fired_ts ON events (time_fired_ts);
CREATE TABLE states_meta (metadata_id INTEGER NOT NULL, entity_id VARCHAR(255), PRIMARY KEY (metadata_id));
CREATE TABLE state_attributes (attributes_id INTEGER NOT NULL, hash INTEGER, shared_attrs TEXT, PRIMARY KEY (attributes_id));
CREATE TABLE states (
  state_id INTEGER NOT NULL,
  state VARCHAR(255),
  last_updated_ts FLOAT,
  old_state_id INTEGER,
  attributes_id INTEGER,
  metadata_id INTEGER,
  context_id_bin BLOB,
  PRIMARY KEY (state_id),
  FOREIGN KEY (old_state_id) REFERENCES states (state_id),
  FOREIGN KEY (attributes_id) REFERENCES state_attributes (attributes_id),
  FOREIGN KEY (metadata_id) REFERENCES states_meta (metadata_id)
);
CREATE INDEX ix_states_metadata_id_last_updated_ts ON states (metadata_id, last_updated_ts);
CREATE TABLE statistics_meta (id INTEGER NOT NULL, statistic_id VARCHAR(255), source VARCHAR(32), unit_of_measurement VARCHAR(255), has_mean BOOLEAN, has_sum BOOLEAN, PRIMARY KEY (id));
CREATE TABLE "statistics" (
  id INTEGER NOT NULL,
  created_ts FLOAT,
  metadata_id INTEGER,
  start_ts FLOAT,
  mean FLOAT, min FLOAT, max FLOAT, sum FLOAT,
  PRIMARY KEY (id),
  FOREIGN KEY (metadata_id) REFERENCES statistics_meta (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX ix_statistics_statistic_id_start_ts ON "statistics" (metadata_id, start_ts);
CREATE TABLE recorder_runs (run_id INTEGER NOT NULL, "start" DATETIME NOT NULL, "end" DATETIME, closed_incorrect BOOLEAN NOT NULL, PRIMARY KEY (run_id));

INSERT INTO event_types VALUES (1, 'state_changed'), (2, 'call_service'), (3, 'homeassistant_start');
INSERT INTO event_data WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, i * 2654435761 % 4294967296, json_object('service', 'turn_on', 'n', i) FROM n;
INSERT INTO events WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
  SELECT i, i % 2, 1700000000 + i * 1.375, 1 + i % 300, CAST(printf('%016d', i) AS BLOB), 1 + i % 3 FROM n;
INSERT INTO states_meta WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 80) SELECT i, 'sensor.temperature_' || i FROM n;
INSERT INTO state_attributes SELECT data_id, hash, json_object('unit_of_measurement', '°C', 'friendly_name', 'Wärme ' || data_id) FROM event_data;
INSERT INTO states WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
  SELECT i, CASE WHEN i % 50 = 0 THEN 'unavailable' ELSE printf('%.1f', 15 + i % 100 / 10.0) END, 1700000000.25 + i * 0.731, CASE WHEN i > 80 THEN i - 80 END, 1 + i % 300, 1 + i % 80, CAST(printf('%016d', i) AS BLOB) FROM n;
INSERT INTO statistics_meta SELECT metadata_id, entity_id, 'recorder', '°C', 1, 0 FROM states_meta;
INSERT INTO "statistics" WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
  SELECT i, 1700000010.5 + i, 1 + i % 80, 1700000000.0 + i / 80 * 3600, i / 7.0, i / 9.0, i / 5.0, CASE WHEN i % 2 THEN i / 3.0 END FROM n;
INSERT INTO recorder_runs VALUES (1, '2024-01-01 00:00:00.000000', '2024-02-01 00:00:00.000000', 0), (2, '2024-02-01 00:00:05.000000', NULL, 0);
