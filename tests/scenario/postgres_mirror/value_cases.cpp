#include "tests/scenario/postgres_mirror/mirror_case.hpp"

namespace pgmirror::tests {

/// Values and types: the same rows arrive by the first copy, as inserts and as updates.
const std::vector<MirrorCase>& value_cases() {
  static const std::vector<MirrorCase> cases{
      {"T1_NumericNaNAndInfinity",
       "CREATE TABLE t(id int PRIMARY KEY, n numeric); INSERT INTO t VALUES (1, 'NaN'), (2, 'Infinity')",
       {"INSERT INTO t VALUES (3, '-Infinity'), (4, 'NaN')", "UPDATE t SET n = 'NaN' WHERE id = 2"}},
      {"T2_NumericPrecision",
       "CREATE TABLE t(id int PRIMARY KEY, n numeric CHECK (n > 0), s numeric(30, 20)); "
       "INSERT INTO t VALUES (1, 0.00000000000000006938893903907228, 1.0), (2, 1.0, 1.00), (3, 1.00, 0)",
       {"INSERT INTO t SELECT 4, ('1' || repeat('0', 131071))::numeric, 0", "UPDATE t SET n = 1.000 WHERE id = 2",
        "INSERT INTO t VALUES (5, ('0.' || repeat('0', 16382) || '1')::numeric, 9999999999.99999999999999999999)"}},
      {"T3_BigIntegers",
       "CREATE TABLE t(id bigint PRIMARY KEY, v bigint); INSERT INTO t VALUES (35506143, -9223372036854775808)",
       {"INSERT INTO t VALUES (9223372036854775807, 35506143), (-9223372036854775808, 0)",
        "UPDATE t SET v = 1 WHERE id = 35506143", "DELETE FROM t WHERE id = -9223372036854775808"}},
      {"T4_FloatExtremes",
       "CREATE TABLE t(id int PRIMARY KEY, d float8, f float4); INSERT INTO t VALUES (1, 4.9406564584124654e-324, "
       "1.4e-45), (2, '-0', '-0'), (3, 'NaN', 'NaN'), (4, 0.1::float8 + 0.2::float8, 0.1)",
       {"INSERT INTO t VALUES (5, 1.7976931348623157e308, 3.4028235e38), (6, '-Infinity', 'Infinity')",
        "UPDATE t SET d = 0.1::float8 + 0.2::float8, f = -0.1 WHERE id = 2"}},
      {"T5_Timestamps",
       "CREATE TABLE t(id int PRIMARY KEY, a timestamp, b timestamptz, c date, d time, e timetz); INSERT INTO t VALUES "
       "(1, 'infinity', '-infinity', 'infinity', '24:00:00', '12:00:00+15:59:59')",
       {"INSERT INTO t VALUES (2, '4713-11-24 00:00:00 BC', '4714-11-24 00:00:00+00 BC', '4714-11-24 BC', "
        "'00:00:00.000001', '24:00:00-15:59:59'), (3, '294276-12-31 23:59:59.999999', '294276-12-31 "
        "23:59:59.999999+00', '5874897-12-31', '23:59:59.999999', '00:00:00+00')",
        "UPDATE t SET a = '2026-03-29 02:30:00', b = '2026-10-25 02:30:00 Europe/Berlin' WHERE id = 1"}},
      {"T6_Intervals",
       "CREATE TABLE t(id int PRIMARY KEY, i interval, s interval second(2)); INSERT INTO t VALUES (1, '178000000 "
       "years', '1.23'), (2, '-1 mons +2 days -03:04:05.000006', '0')",
       {"INSERT INTO t VALUES (3, '1 year -1 month 1 day -1 second', '-0.01'), (4, '-178000000 years', '59.99')"}},
      {"T8_Arrays",
       "CREATE TABLE t(id int PRIMARY KEY, i int[], x text[], m int[][]); INSERT INTO t VALUES (1, '{}', '{NULL, "
       "\"NULL\", \"\"}', '{{1,2},{3,NULL}}'), (2, '[-2:0]={1,2,3}', E'{\"a\\\\\"b\",\"c\\\\\\\\d\",\"e,f\",\"{g}\"}', "
       "NULL)",
       {"INSERT INTO t VALUES (3, '[5:6][-1:0]={{1,2},{3,4}}', ARRAY[E'line\\nbreak', ' ', 'tab\there'], '{}')",
        "UPDATE t SET i = ARRAY[NULL, 7]::int[] WHERE id = 1"}},
      {"T8_ArrayAsKey",
       "CREATE TABLE t(k text[] PRIMARY KEY, n int); INSERT INTO t VALUES ('{NULL}', 1), ('{\"NULL\"}', 2), ('{}', 3); "
       "CREATE DOMAIN words AS text[]; CREATE TABLE d(k words PRIMARY KEY); INSERT INTO d VALUES ('{}'), ('{NULL}')",
       {"UPDATE t SET n = 10 * n", "DELETE FROM t WHERE k = '{\"NULL\"}'; DELETE FROM d WHERE k = '{}'"}},
      {"T9_Enums",
       "CREATE TYPE mood AS ENUM ('so so', 'it''s \"fine\"', 'ok'); CREATE TABLE t(m mood PRIMARY KEY, a mood[], n "
       "int); INSERT INTO t VALUES ('so so', '{ok,\"so so\"}', 1), ('ok', NULL, 2)",
       {"INSERT INTO t VALUES ('it''s \"fine\"', '{}', 3)", "UPDATE t SET n = 9 WHERE m = 'so so'",
        "DELETE FROM t WHERE m = 'ok'"}},
      {"T12_DomainsOverEnumsAndTypesOfExtensions",
       "CREATE EXTENSION IF NOT EXISTS hstore SCHEMA public; CREATE TYPE mood AS ENUM ('low', 'high'); CREATE DOMAIN "
       "outer_mood AS mood; CREATE DOMAIN felt AS outer_mood; CREATE DOMAIN pairs AS hstore; CREATE TABLE t(k felt "
       "PRIMARY KEY, n int); CREATE TABLE u(a felt, b pairs, n int, PRIMARY KEY (a, b)); CREATE TABLE v(id int PRIMARY "
       "KEY, a felt UNIQUE, b hstore UNIQUE); INSERT INTO t VALUES ('low', 1), ('high', 2); INSERT INTO u VALUES "
       "('low', "
       "'a=>1', 1), ('high', '', 2); INSERT INTO v VALUES (1, 'low', 'a=>1'), (2, 'high', '')",
       {"UPDATE t SET n = n + 1; UPDATE u SET n = n + 1; UPDATE v SET b = 'b=>2' WHERE id = 1",
        "DELETE FROM t WHERE k::text = 'low'; DELETE FROM u WHERE a::text = 'low'; DELETE FROM v WHERE id = 2"}},
      {"T10_EnumGrowsWhileStreaming",
       "CREATE TYPE size AS ENUM ('s', 'm'); CREATE TABLE t(id int PRIMARY KEY, s size); INSERT INTO t VALUES (1, 's')",
       {"ALTER TYPE size ADD VALUE 'xl'", "INSERT INTO t VALUES (2, 'xl')", "ALTER TYPE size ADD VALUE 'l' BEFORE 'xl'",
        "INSERT INTO t VALUES (3, 'l'), (4, 'm')"}},
      {"T12_Domains",
       "CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE DOMAIN names AS text[] NOT NULL; CREATE TABLE t(id "
       "positive PRIMARY KEY, p positive[], n names); INSERT INTO t VALUES (1, '{1,2}', '{a}')",
       {"INSERT INTO t VALUES (2, NULL, '{}')", "UPDATE t SET p = '{3}' WHERE id = 1"}},
      {"T13_Composites",
       "CREATE TYPE point3 AS (x int, y numeric, label text); CREATE TABLE t(id int PRIMARY KEY, p point3, a "
       "point3[]); "
       "INSERT INTO t VALUES (1, ROW(1, 2.50, 'a \"quoted\", (nested) \\ one'), ARRAY[ROW(1, NULL, '')::point3, NULL])",
       {"INSERT INTO t VALUES (2, ROW(NULL, NULL, NULL), '{}'), (3, NULL, NULL)",
        "UPDATE t SET p.label = E'new\\nline' WHERE id = 1"}},
      {"T14_RangesAndMultiranges",
       "CREATE TYPE span AS RANGE (subtype = float8); CREATE TABLE t(id int PRIMARY KEY, i int4range, n numrange, z "
       "tstzrange, m int4multirange, s span); INSERT INTO t VALUES (1, 'empty', '(,)', '[2026-01-01,infinity)', "
       "'{[1,3),[5,)}', '[0.5,1.5)')",
       {"INSERT INTO t VALUES (2, '[1,10]', '(1.0,2.00]', '(,2026-01-01 00:00:00+00]', '{}', 'empty')"}},
      {"T15_Bytea",
       R"(CREATE TABLE t(id int PRIMARY KEY, b bytea); INSERT INTO t VALUES (1, '\x00ff5c27'), (2, ''), (3, NULL))",
       {"INSERT INTO t SELECT 4, decode(repeat('00ff5c270d0a', 300000), 'hex')",
        R"(UPDATE t SET b = '\x5c7830' WHERE id = 3)"}},
      {"T16_JsonAndJsonb",
       R"(CREATE TABLE t(id int PRIMARY KEY, j json, b jsonb); INSERT INTO t VALUES (1, '{"a" : 1,  "a":2, "n":1e400}',
       '{"big": 12345678901234567890, "e": 1e300}'), (2, 'null', 'null'), (3, NULL, NULL))",
       {R"(INSERT INTO t VALUES (4, '{"u":"\u0000 é \ud83d\ude00"}', '"plain"'), (5, ' [1 , 2] ', '[1.10, 1.1]'))",
        R"(UPDATE t SET j = '{"z":1,"a":2}' WHERE id = 1)"}},
      {"T18_BitsMoneyAndNetworks",
       "CREATE TABLE t(id int PRIMARY KEY, b bit(5), v varbit, m money, i inet, c cidr, h macaddr, g macaddr8); INSERT "
       "INTO t VALUES (1, B'10101', B'', '-92233720368547758.08', '::ffff:1.2.3.4/128', '10.1.2.3/32', "
       "'08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05')",
       {"INSERT INTO t VALUES (2, B'00000', B'1', '92233720368547758.07', '192.168.0.1/24', '::/0', NULL, NULL)"}},
      {"T19_TextSearchXmlAndSystemTypes",
       "CREATE TABLE other(id int PRIMARY KEY); CREATE TABLE t(id int PRIMARY KEY, v tsvector, q tsquery, x xml, p "
       "jsonpath, o oid, l pg_lsn, c \"char\", n name, u uuid, s txid_snapshot, k point, b box); INSERT INTO t VALUES "
       "(1, 'fat:2A rat:3B,4', '''it''''s'' & !cat:AB', '<a b=\"1\">x</a>', '$.a[*] ? (@.b > 1)', 4294967295, "
       "'FFFFFFFF/FFFFFFFF', 'x', 'some name', '00000000-0000-0000-0000-000000000000', '10:20:10,14', '(1.5,-2)', "
       "'(3,4),(1,2)')",
       {"INSERT INTO t VALUES (2, '', NULL, 'text only', NULL, 0, '0/0', '', '', NULL, NULL, '(NaN,Infinity)', NULL)",
        "UPDATE t SET v = to_tsvector('simple', 'a b c') WHERE id = 1"}},
      {"T19_NamesOfTablesAsValues",
       "CREATE TABLE t(k regclass PRIMARY KEY, v regclass); INSERT INTO t VALUES ('-', 'pg_class'), ('pg_proc', '-')",
       {"INSERT INTO t VALUES ('pg_type', '-')", "UPDATE t SET v = '-' WHERE k = '-'::regclass",
        "DELETE FROM t WHERE k IN ('-'::regclass, 'pg_proc'::regclass)"}},
      {"T20_UuidKey",
       "CREATE TABLE t(id uuid PRIMARY KEY, v int); INSERT INTO t SELECT md5(g::text)::uuid, g FROM generate_series(1, "
       "100) g",
       {"UPDATE t SET v = -v WHERE v % 3 = 0", "DELETE FROM t WHERE v % 7 = 0"}},
      {"T21_PaddedCharacters",
       "CREATE TABLE t(k char(6) PRIMARY KEY, v char(4), w varchar(3), x bpchar); INSERT INTO t VALUES ('ab', 'x', "
       "'abc', 'y  '), ('ab c', '', '', '')",
       {"UPDATE t SET v = 'yy' WHERE k = 'ab'", "DELETE FROM t WHERE k = 'ab c'",
        "INSERT INTO t VALUES (' q', ' ', ' ', ' ')"}},
      {"T22_NullAgainstEmptyAndMarkers",
       R"(CREATE TABLE t(id int PRIMARY KEY, a text, b text); INSERT INTO t VALUES (1, '', NULL), (2, NULL, ''), (3,
       'NULL', '\N'), (4, '\\N', '\.'))",
       {R"(INSERT INTO t VALUES (5, '\N', 'null'), (6, NULL, NULL))", R"(UPDATE t SET b = '\N' WHERE id = 1)",
        "UPDATE t SET a = NULL WHERE id = 3"}},
      {"T23_TextThatLooksLikeSyntax",
       "CREATE TABLE t(id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'It''s'), (2, "
       "E'a\\nb\\r\\n\\t\\b\\f\\v'), "
       "(3, E'\\\\.'), (4, E'\\\\.\\n'), (5, 'trailing\\')",
       {"INSERT INTO t VALUES (6, E'\\\\\\\\N'), (7, '{\"a\",b}'), (8, E'\\u0001\\u007f\\u0080'), (9, '😀 \u202Ertl')",
        "UPDATE t SET a = E'\\\\x41' WHERE id = 1"}},
      {"T24_UnchangedToastOnAPlainUpdate",
       "CREATE TABLE t(id int PRIMARY KEY, big text, n int); ALTER TABLE t ALTER big SET STORAGE EXTERNAL; INSERT INTO "
       "t "
       "SELECT g, repeat(md5(g::text), 300), g FROM generate_series(1, 20) g",
       {"UPDATE t SET n = n + 100", "UPDATE t SET n = n + 1 WHERE id = 3; UPDATE t SET n = n + 1 WHERE id = 3"}},
      {"T25_UnchangedToastWithAKeyUpdate",
       "CREATE TABLE t(id int PRIMARY KEY, big text, n int); ALTER TABLE t ALTER big SET STORAGE EXTERNAL; INSERT INTO "
       "t "
       "SELECT g, repeat(md5(g::text), 300), g FROM generate_series(1, 20) g",
       {"UPDATE t SET id = id + 1000 WHERE id <= 10", "UPDATE t SET id = id - 1000, n = 0 WHERE id = 1003",
        "UPDATE t SET id = 5000 WHERE id = 1004; UPDATE t SET n = 7 WHERE id = 5000; UPDATE t SET id = 4 WHERE id = "
        "5000"}},
      {"T26_InsertThenPartialUpdate",
       "CREATE TABLE t(id int PRIMARY KEY, big text, n int); ALTER TABLE t ALTER big SET STORAGE EXTERNAL",
       {"INSERT INTO t SELECT g, repeat(md5(g::text), 300), g FROM generate_series(1, 5) g; UPDATE t SET n = -1",
        "INSERT INTO t SELECT g, repeat(md5(g::text), 300), g FROM generate_series(6, 9) g", "UPDATE t SET n = -2",
        "UPDATE t SET n = -3; UPDATE t SET id = id + 100; UPDATE t SET n = -4 WHERE id < 105"}},
      {"T29_CollationsDoNotDecideAboutOrder",
       "CREATE TABLE t(k text COLLATE \"C\" PRIMARY KEY, v text); INSERT INTO t SELECT chr(64 + g) || chr(200 - g), g "
       "FROM generate_series(1, 60) g",
       {"UPDATE t SET v = v || 'x' WHERE k > 'M'", "DELETE FROM t WHERE k < 'D'"}},
  };
  return cases;
}

}  // namespace pgmirror::tests
