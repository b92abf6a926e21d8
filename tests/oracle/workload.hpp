#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/oracle/application.hpp"
#include "tests/oracle/dice.hpp"

namespace pgmirror::tests {

/// What an application may do to its store, at random. Knows nothing of how it is captured.
class Workload {
 public:
  Workload(Application& application, Dice& dice) : app_(&application), dice_(&dice) {}

  void create_tables();
  /// One operation inside a transaction. Throws ConstraintViolation where the schema refuses it.
  void step();
  /// What SQLite allows outside of a transaction only: VACUUM, incremental vacuum. False: nothing done.
  bool maintain(bool incremental);
  std::uint64_t definitions() const { return definitions_; }

 private:
  using Operation = void (Workload::*)();

  void insert_many_a();
  void update_a();
  void delete_a();
  void move_a();
  void far_a();
  void grow_a();
  void overwrite_in_place();
  void write_blob();
  void clear_a();
  void replace_b();
  void update_b();
  void delete_b();
  void replace_c();
  void rename_key_c();
  void insert_d();
  void delete_d();
  void clear_d();
  void change_e();
  void replace_f();
  void change_strict();
  void change_folded();
  void change_reversed();
  void change_virtual();
  void change_hidden_function();
  void change_search();
  void change_excluded();
  void roll_back_part();
  void change_definition();

  void add_column_d();
  void add_column_a();
  void add_virtual_column();
  void rename_column();
  void drop_column();
  void create_as();
  void drop_table();
  void change_index();
  void rebuild_d();
  void rename_table();
  void change_key();
  void swap_tables();
  void recreate();

  std::vector<std::string> extra_columns(const std::string& table, std::size_t own);
  std::string number() { return std::to_string(++names_); }

  Application* app_;
  Dice* dice_;
  std::uint64_t names_ = 0;
  std::uint64_t definitions_ = 0;
};

}  // namespace pgmirror::tests
