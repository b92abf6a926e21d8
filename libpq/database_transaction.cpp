#include "libpq/database_transaction.hpp"

namespace pgmirror::libpq {

DatabaseTransaction::DatabaseTransaction(Connection& connection) : connection_(connection) {
  connection_.execute(std::string("BEGIN; ") + pin_names_sql);
}

DatabaseTransaction::~DatabaseTransaction() {
  if (!open_ || PQstatus(connection_.native()) != CONNECTION_OK) return;
  // A failure here leaves the connection in a transaction or lost; the server rolls back in both cases once it is
  // thrown away, and the exception on its way says why.
  PQclear(PQexec(connection_.native(), "ROLLBACK"));
}

void DatabaseTransaction::commit() {
  // COMMIT of a failed transaction answers ROLLBACK without an error.
  if (PQtransactionStatus(connection_.native()) == PQTRANS_INERROR) {
    throw DatabaseError("transaction has failed before; nothing was committed", "25P02", false);
  }
  open_ = false;
  connection_.execute("COMMIT");
}

}  // namespace pgmirror::libpq
