#include "sinks/postgres/sequence_values.hpp"

#include "sinks/postgres/array_parameter.hpp"
#include "sinks/postgres/text_array.hpp"

namespace pgmirror::sinks::postgres {

/// The one of the column before one of the name: the name may be another table's here.
const std::string set_sequences_sql = R"sql(
SELECT pg_catalog.setval(s.seqrelid::pg_catalog.regclass, greatest(least(u.value, s.seqmax), s.seqmin))
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::text[], $6::text[])
       AS u(schema_name, name, value, descending, owner, owner_column)
  JOIN pg_catalog.pg_namespace n ON n.nspname = u.schema_name::pg_catalog.name
 CROSS JOIN LATERAL (
   SELECT oid
     FROM (SELECT c.oid, 1 AS rank, c.relname <> u.name AS otherwise
             FROM pg_catalog.pg_class t
             JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attname = u.owner_column::pg_catalog.name
             JOIN pg_catalog.pg_depend d
               ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = t.oid
              AND d.refobjsubid = a.attnum AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND d.deptype IN ('a', 'i')
             JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
            WHERE t.relnamespace = n.oid AND t.relname = u.owner::pg_catalog.name
            UNION ALL
           SELECT c.oid, 2, false FROM pg_catalog.pg_class c
            WHERE c.relnamespace = n.oid AND c.relname = u.name::pg_catalog.name AND c.relkind = 'S') AS candidates
    ORDER BY rank, otherwise LIMIT 1) AS found
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = found.oid
 CROSS JOIN LATERAL (SELECT pg_catalog.pg_sequence_last_value(s.seqrelid::pg_catalog.regclass) AS value) AS last
 WHERE pg_catalog.has_sequence_privilege(s.seqrelid, 'UPDATE')
   AND (last.value IS NULL OR CASE WHEN u.descending THEN last.value > u.value ELSE last.value < u.value END))sql";

libpq::Parameters sequence_parameters(const std::vector<change::SequenceValue>& values) {
  constexpr Oid bigint_array_oid = 1016;
  constexpr Oid boolean_array_oid = 1000;
  const TargetType bigint{.sql = "bigint", .oid = 20, .encoding = TargetType::Encoding::bigint};
  const TargetType boolean{.sql = "boolean", .oid = 16, .encoding = TargetType::Encoding::boolean};
  std::vector<std::string> schemas;
  std::vector<std::string> names;
  std::vector<std::string> tables;
  std::vector<std::string> columns;
  ArrayParameter reached(bigint, values.size());
  ArrayParameter descending(boolean, values.size());
  for (const change::SequenceValue& value : values) {
    schemas.push_back(value.schema);
    names.push_back(value.name);
    tables.push_back(value.table);
    columns.push_back(value.column);
    reached.add(change::Value::integer(value.value));
    descending.add(change::Value::integer(value.descending ? 1 : 0));
  }
  libpq::Parameters parameters;
  parameters.binary(bytes_array(schemas, text_oid), text_array_oid);
  parameters.binary(bytes_array(names, text_oid), text_array_oid);
  parameters.binary(reached.take(), bigint_array_oid);
  parameters.binary(descending.take(), boolean_array_oid);
  parameters.binary(bytes_array(tables, text_oid), text_array_oid);
  parameters.binary(bytes_array(columns, text_oid), text_array_oid);
  return parameters;
}

}  // namespace pgmirror::sinks::postgres
