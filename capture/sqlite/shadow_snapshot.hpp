#pragma once

#include <memory>
#include <vector>

#include "capture/sqlite/shadow_store.hpp"
#include "capture/sqlite/table_layout.hpp"
#include "capture/sqlite/undo_image.hpp"
#include "change/snapshot.hpp"

namespace pgmirror::capture::sqlite {

/// All mirrored rows as of one captured commit, read from the shadow: the application's file is not touched.
class ShadowSnapshot : public change::Snapshot {
 public:
  ShadowSnapshot(const std::shared_ptr<ShadowStore>& store, std::vector<TableLayoutPtr> tables);

  change::Position position() const override { return change::Position{image_->sequence()}; }
  const std::vector<change::RelationPtr>& relations() const override { return relations_; }
  /// Throws std::invalid_argument for a relation that is not of this snapshot.
  void read(const change::Relation& relation, const std::function<bool(change::Tuple)>& consume) override;
  change::TableProfile profile(const change::Relation& relation) override;

 private:
  const TableLayout& layout_of(const change::Relation& relation) const;

  std::shared_ptr<ShadowStore> store_;  ///< outlives its image, also where another store has taken its place
  std::unique_ptr<UndoImage> image_;
  std::vector<TableLayoutPtr> tables_;
  std::vector<change::RelationPtr> relations_;
};

}  // namespace pgmirror::capture::sqlite
