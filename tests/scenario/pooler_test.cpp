#include "tests/support/transaction_pooler.hpp"

#include <pqxx/pqxx>

#include "tests/scenario/bank.hpp"
#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

/// A bank whose mirror is reached through a pooler that hands few sessions to many; another client of the same pooler
/// leaves its settings behind in them.
class BankBehindAPooler : public MirroredStore {
 protected:
  BankBehindAPooler() { program_.set_mirror(pooler_.settings()); }

  /// What an application may do that knows nothing of poolers.
  void disturb() {
    pqxx::connection connection(connection_string(pooler_.settings()));
    pqxx::nontransaction work(connection);
    work.exec("SET search_path TO pg_temp, nowhere");
    work.exec("SET DateStyle TO 'German, DMY'");
    work.exec("SET TimeZone TO 'Asia/Tokyo'");
    work.exec("SET bytea_output TO 'escape'");
    work.exec("SET extra_float_digits TO -5");
    work.exec("SET IntervalStyle TO 'sql_standard'");
    work.exec("SET standard_conforming_strings TO off");
    work.exec("SET default_transaction_isolation TO 'serializable'");
    work.exec("SELECT count(*) FROM pg_catalog.pg_class");
  }

  Bank bank_{application_.file()};
  TransactionPooler pooler_{mirror_, 2};
};

TEST_F(BankBehindAPooler, IsMirroredAllItsLife) {
  application_.exec(
      "CREATE TABLE odd (id INTEGER PRIMARY KEY, whole INTEGER, part REAL, moment TEXT, bytes BLOB, word TEXT);"
      "CREATE UNIQUE INDEX odd_word ON odd (word);"
      "INSERT INTO odd VALUES (1, 'text', 0.1, '2026-11-20', x'00ff', 'a\\b''c'), (2, 5, 1e300, NULL, 'text', 'b')");
  disturb();
  program_.start();
  ASSERT_TRUE(becomes_same());
  {
    const BusyBank busy(bank_);
    for (int round = 0; round < 20; ++round) {
      const auto goal = bank_.transfers() + 50;
      disturb();
      ASSERT_TRUE(eventually(60s, [&] { return bank_.transfers() >= goal; }));
      EXPECT_EQ(read_bank(mirror_).fault(), "");
    }
    application_.exec("ALTER TABLE odd ADD COLUMN more TEXT DEFAULT 'm'; UPDATE odd SET whole = 7 WHERE id = 1");
    disturb();
  }
  ASSERT_TRUE(becomes_same());
  EXPECT_EQ(read_bank(mirror_).transfers, bank_.transfers());

  pqxx::connection connection(connection_string(mirror_));
  pqxx::nontransaction(connection).exec("DELETE FROM odd WHERE id = 2; UPDATE odd SET part = 3 WHERE id = 1");
  disturb();
  const auto mended = program_.command({"verify", "--repair"});
  EXPECT_EQ(mended.end, ProgramEnd{}) << mended.output << program_.log();
  EXPECT_NE(mended.output.find("mended 2 rows"), std::string::npos) << mended.output;
  disturb();
  const auto verified = program_.command({"verify"});
  EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output << program_.log();
  EXPECT_TRUE(becomes_same());
  EXPECT_EQ(program_.command({"resync", "odd"}).end, ProgramEnd{});
  disturb();
  EXPECT_TRUE(becomes_same());
  EXPECT_EQ(program_.stop(), ProgramEnd{});
}

}  // namespace
}  // namespace pgmirror::tests
