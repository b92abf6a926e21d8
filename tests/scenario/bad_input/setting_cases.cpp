#include "tests/scenario/bad_input/bad_input.hpp"

namespace pgmirror::tests {
namespace {

using Step = std::function<void(GoodSetup&)>;

Step variable(std::string name, std::string value) {
  return [name = std::move(name), value = std::move(value)](GoodSetup& setup) { setup.set(name, value); };
}

/// As if it had not been set.
Step without(std::string name) { return variable(std::move(name), ""); }

Step yaml(std::string text) {
  return [text = std::move(text)](GoodSetup& setup) { setup.set_yaml(text); };
}

BadInput wrong_variable(const char* title, const std::string& name, const std::string& value,
                        std::vector<std::string> words) {
  words.push_back(name);
  return {title, variable(name, value), 78, std::move(words), without(name)};
}

BadInput wrong_yaml(const char* title, const std::string& text, std::vector<std::string> words) {
  return {title, yaml(text), 78, std::move(words), without("MIRROR_CONFIG")};
}

BadInput wrong_mirror_url(const char* title, const std::string& url, std::vector<std::string> words) {
  words.emplace_back("MIRROR_DB_URL");
  return {title, variable("MIRROR_DB_URL", url), 78, std::move(words),
          [](GoodSetup& setup) { setup.set_mirror(setup.mirror); }};
}

}  // namespace

std::vector<BadInput> setting_cases() {
  const std::string with_secret = std::string("u:") + secret + "@";
  return {
      {"NoSource", without("MIRROR_SOURCE_URL"), 78, {"source: none is given", "MIRROR_SOURCE_URL"}},
      {"SourceOfAnotherKind", variable("MIRROR_SOURCE_URL", "mysql://root@db/shop"), 78, {"sqlite:///data/app.db"}},
      {"NoMirror",
       without("MIRROR_DB_URL"),
       78,
       {"mirror", "MIRROR_DB_HOST"},
       [](GoodSetup& setup) { setup.set_mirror(setup.mirror); }},
      wrong_mirror_url("MirrorOfAnotherKind", "mysql://" + with_secret + "h/x", {"postgresql://"}),
      wrong_mirror_url("MirrorPortOutOfRange", "postgresql://" + with_secret + "h:99999/x", {"\"99999\"", "65535"}),
      wrong_mirror_url("AtSignInThePassword", "postgresql://u:a@" + std::string(secret) + "@h:1/x", {"%40"}),
      wrong_mirror_url("UnknownSslModeInTheUrl", "postgresql://" + with_secret + "h/x?sslmode=maybe", {"verify-full"}),
      wrong_mirror_url("UnknownParameterInTheUrl", "postgresql://" + with_secret + "h/x?nonsense=1", {"libpq"}),
      wrong_variable("EnabledPerhaps", "DATABASE_MIRROR_ENABLED", "perhaps", {"neither true nor false"}),
      wrong_variable("NegativePort", "MIRROR_DB_PORT", "-1", {"65535"}),
      wrong_variable("NoConnections", "MIRROR_DB_POOL", "0", {"1 to 64"}),
      wrong_variable("TooManyApplyConnections", "MIRROR_APPLY_CONNECTIONS", "3", {"1 to 2"}),
      wrong_variable("UnknownSslMode", "MIRROR_DB_SSLMODE", "loose", {"verify-full"}),
      wrong_variable("UnknownPoisonRule", "MIRROR_ON_POISON", "eat", {"stop_table, park, stop"}),
      wrong_variable("UnknownUnitOfBytes", "MIRROR_QUEUE_DISK_BUDGET", "10XB", {"10GiB"}),
      wrong_variable("UnknownUnitOfTime", "MIRROR_QUEUE_RETENTION", "soon", {"24h"}),
      wrong_variable("UnknownLogFormat", "MIRROR_LOG_FORMAT", "xml", {"text, json"}),
      wrong_variable("ListeningNowhere", "MIRROR_HTTP_LISTEN", "nowhere", {"127.0.0.1:9187"}),
      wrong_variable("ColumnWithoutTable", "MIRROR_EXCLUDE_COLUMNS", "password", {"TABLE.COLUMN"}),
      wrong_variable("SchemaOfOurOwn", "MIRROR_DB_SCHEMA", "pgmirror", {"choose another"}),
      wrong_variable("SchemaOfPostgres", "MIRROR_DB_SCHEMA", "pg_temp", {"choose another"}),
      wrong_variable("CaFileThatIsMissing", "MIRROR_DB_SSLROOTCERT", "/none.pem", {"/none.pem", "cannot be read"}),
      {"SecretAndSecretFile",
       [](GoodSetup& setup) { setup.set("MIRROR_DB_PASSWORD_FILE", setup.write("password", secret).string()); },
       78,
       {"MIRROR_DB_PASSWORD_FILE", "one of the two"},
       without("MIRROR_DB_PASSWORD_FILE")},
      {"SecretFileThatIsMissing",
       [](GoodSetup& setup) {
         setup.set("MIRROR_DB_PASSWORD", "");
         setup.set("MIRROR_DB_PASSWORD_FILE", setup.file("none").string());
       },
       78,
       {"MIRROR_DB_PASSWORD_FILE", "cannot read", "No such file"},
       without("MIRROR_DB_PASSWORD_FILE")},
      {"SecretFileThatIsEmpty",
       [](GoodSetup& setup) {
         setup.set("MIRROR_DB_PASSWORD", "");
         setup.set("MIRROR_DB_PASSWORD_FILE", setup.write("password", "").string());
       },
       78,
       {"is empty", "write the secret into it"},
       without("MIRROR_DB_PASSWORD_FILE")},
      {"HttpAddressOfAnotherMachine",
       variable("MIRROR_HTTP_LISTEN", "192.0.2.1:9187"),
       1,
       {"http endpoint 192.0.2.1:9187", "cannot listen there", "MIRROR_HTTP_LISTEN"},
       without("MIRROR_HTTP_LISTEN")},
      wrong_yaml("UnknownYamlKey", "tables:\n  exlude: [a]\n", {":2:3", "\"exlude\"", "did you mean \"exclude\"?"}),
      wrong_yaml("YamlThatEndsTooSoon", "tables: [\n", {"not valid YAML"}),
      wrong_yaml("YamlValueWhereAMapBelongs", "mirror: 5\n", {":1:9", "keys and values"}),
      wrong_yaml("YamlKeyTwice", "log: {level: info}\nlog: {level: debug}\n", {":2:1", "stands twice", "line 1"}),
      wrong_yaml("YamlVariableThatIsNotSet", "source:\n  url: ${NOPE:?say where}\n", {"NOPE", "say where"}),
      wrong_yaml("UnknownEncodingOfMoments", "types:\n  t.a: {type: timestamptz, encoding: lunar}\n",
                 {"iso8601, unix"}),
      wrong_yaml("YamlOfBinaryRubbish", std::string("\0\1\2\xff", 4), {"pgmirror.yaml"}),
  };
}

}  // namespace pgmirror::tests
