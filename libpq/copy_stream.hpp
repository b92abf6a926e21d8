#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "libpq/connection.hpp"

namespace pgmirror::libpq {

/// A running COPY FROM STDIN. Ends the copy with an error when it goes away unfinished, so that nothing of it stays.
class CopyIn {
 public:
  /// `connection` must have just answered PGRES_COPY_IN and outlive this object: use Connection::copy_in.
  explicit CopyIn(Connection& connection) : connection_(&connection) {}
  ~CopyIn();
  CopyIn(CopyIn&& other) noexcept : connection_(other.connection_) { other.connection_ = nullptr; }
  CopyIn& operator=(CopyIn&&) = delete;

  /// Blocks while the server is slower than we are. Throws DatabaseError.
  void write(std::string_view bytes);
  /// Returns the rows that the server counted. Throws DatabaseError; nothing of the copy is there then.
  std::uint64_t finish();

 private:
  Connection* connection_;
};

/// A running COPY TO STDOUT.
class CopyOut {
 public:
  explicit CopyOut(Connection& connection) : connection_(&connection) {}
  ~CopyOut();
  CopyOut(CopyOut&& other) noexcept : connection_(other.connection_), buffer_(std::move(other.buffer_)) {
    other.connection_ = nullptr;
  }
  CopyOut& operator=(CopyOut&&) = delete;

  /// The next message of the copy (a row in text format), valid until the next call; nothing at the end.
  std::optional<std::string_view> read();

 private:
  Connection* connection_;
  std::unique_ptr<char, void (*)(void*)> buffer_{nullptr, &PQfreemem};
};

}  // namespace pgmirror::libpq
