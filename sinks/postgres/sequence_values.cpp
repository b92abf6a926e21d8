#include "sinks/postgres/sequence_values.hpp"

#include "sinks/postgres/array_parameter.hpp"
#include "sinks/postgres/text_array.hpp"

namespace pgmirror::sinks::postgres {

const std::string set_sequences_sql = R"sql(
SELECT pg_catalog.setval(s.seqrelid::pg_catalog.regclass, greatest(least(u.value, s.seqmax), s.seqmin))
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[]) AS u(schema_name, name, value, descending)
  JOIN pg_catalog.pg_namespace n ON n.nspname = u.schema_name
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = u.name AND c.relkind = 'S'
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
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
  ArrayParameter reached(bigint, values.size());
  ArrayParameter descending(boolean, values.size());
  for (const change::SequenceValue& value : values) {
    schemas.push_back(value.schema);
    names.push_back(value.name);
    reached.add(change::Value::integer(value.value));
    descending.add(change::Value::integer(value.descending ? 1 : 0));
  }
  libpq::Parameters parameters;
  parameters.binary(bytes_array(schemas, text_oid), text_array_oid);
  parameters.binary(bytes_array(names, text_oid), text_array_oid);
  parameters.binary(reached.take(), bigint_array_oid);
  parameters.binary(descending.take(), boolean_array_oid);
  return parameters;
}

}  // namespace pgmirror::sinks::postgres
