#include "capture/sqlite/shadow_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "capture/sqlite/source_refused.hpp"
#include "capture/sqlite/undo_image.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/capture/memory_image.hpp"

namespace pgmirror::capture::sqlite {
namespace {

using tests::MemoryImage;
using tests::same_pages;
using tests::TemporaryDirectory;

/// Small enough that shadow checkpoints and streamed transactions happen all the time.
constexpr ShadowStore::Limits tight{
    .cache_bytes = 20UL * 512, .dirty_bytes = 12UL * 512, .redo_bytes = 40UL * 512, .group_bytes = 6UL * 512};

void settle(ShadowStore& store) {
  store.sync();
  store.settle();
}

void copy_shadow(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directories(to);
  for (const char* name : {"shadow.pages", "shadow.redo"}) {
    std::filesystem::copy_file(from / name, to / name, std::filesystem::copy_options::overwrite_existing);
  }
}

/// Applies a random transaction to model and store.
void apply_random(MemoryImage& model, ShadowStore& store, std::mt19937& random, std::size_t most = 4) {
  const auto changed = model.change(random, most);
  if (store.needs_settling(changed.size())) settle(store);
  store.apply(model, changed, store.sequence() + 1);
}

TEST(ShadowStore, HoldsWhatItWasMadeOf) {
  const TemporaryDirectory directory;
  std::mt19937 random(1);
  MemoryImage model(4096, 50);
  model.change(random, 50);
  EXPECT_FALSE(ShadowStore::exists(directory.path()));
  ShadowStore::create(directory.path(), model);
  EXPECT_TRUE(ShadowStore::exists(directory.path()));
  const ShadowStore store(directory.path(), 0);
  EXPECT_TRUE(same_pages(store, model));
  EXPECT_EQ(store.sequence(), 1U);
  EXPECT_EQ(store.identity().size(), 32U);
}

TEST(ShadowStore, FilesAreForTheOwnerOnly) {
  const TemporaryDirectory directory;
  ShadowStore::create(directory.path(), MemoryImage(512, 3));
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
  }
}

TEST(ShadowStore, EqualsItsModelThroughCheckpointsStreamsAndRestarts) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    const TemporaryDirectory directory;
    std::mt19937 random(seed);
    MemoryImage model(512, 30);
    ShadowStore::create(directory.path(), model);
    auto store = std::make_unique<ShadowStore>(directory.path(), 0, tight);
    for (int round = 0; round < 400; ++round) {
      apply_random(model, *store, random, round % 23 == 0 ? 25 : 4);
      if (random() % 3 == 0) settle(*store);
      if (round % 7 == 0) {
        ASSERT_TRUE(same_pages(*store, model)) << "seed " << seed << " round " << round;
      }
      if (round % 50 == 49) {
        settle(*store);
        const std::uint64_t sequence = store->sequence();
        store.reset();
        store = std::make_unique<ShadowStore>(directory.path(), sequence, tight);
        ASSERT_TRUE(same_pages(*store, model)) << "seed " << seed << " round " << round;
      }
    }
  }
}

TEST(ShadowStore, ARowCostsAFewHundredBytesOfRedo) {
  const TemporaryDirectory directory;
  MemoryImage model(4096, 10);
  std::mt19937 random(3);
  ShadowStore::create(directory.path(), model);
  ShadowStore store(directory.path(), 0);
  std::vector<PageNumber> all(10);
  for (PageNumber number = 1; number <= 10; ++number) all[number - 1] = number;
  store.apply(model, all, 2);
  settle(store);
  const auto before = std::filesystem::file_size(directory / "shadow.redo");
  for (int row = 0; row < 100; ++row) {
    const auto changed = model.change_bytes(random, {1, 5, 7}, 40);
    store.apply(model, changed, store.sequence() + 1);
    settle(store);
  }
  EXPECT_LT((std::filesystem::file_size(directory / "shadow.redo") - before) / 100, 400U);
}

TEST(ShadowStore, RecoversTheQueuesLastCommitFromEveryTruncationOfTheRedo) {
  const TemporaryDirectory directory;
  std::mt19937 random(5);
  MemoryImage model(512, 12);
  ShadowStore::create(directory.path(), model);
  std::map<std::uint64_t, MemoryImage> states;
  // Where the redo log ends once each sequence is in it.
  std::map<std::uint64_t, std::uint64_t> redo_end;
  {
    ShadowStore store(directory.path(), 0);
    states.emplace(1, model);
    redo_end[1] = 0;
    for (int round = 0; round < 8; ++round) {
      apply_random(model, store, random);
      store.sync();
      states.emplace(store.sequence(), model);
      redo_end[store.sequence()] = std::filesystem::file_size(directory / "shadow.redo");
    }
  }
  const auto whole = std::filesystem::file_size(directory / "shadow.redo");
  for (std::uint64_t length = 0; length <= whole; length += length % 128 == 0 ? 1U : 127U) {
    for (const std::uint64_t queue_end : {std::uint64_t{1}, std::uint64_t{5}, std::uint64_t{9}}) {
      copy_shadow(directory.path(), directory / "crashed");
      std::filesystem::resize_file(directory / "crashed" / "shadow.redo", length);
      if (redo_end.at(queue_end) > length) {
        EXPECT_THROW(ShadowStore(directory / "crashed", queue_end), ShadowUnusable) << length << " " << queue_end;
        continue;
      }
      const ShadowStore recovered(directory / "crashed", queue_end);
      ASSERT_EQ(recovered.sequence(), queue_end);
      ASSERT_TRUE(same_pages(recovered, states.at(queue_end))) << length << " " << queue_end;
    }
  }
}

TEST(ShadowStore, RecoversWhenTheCheckpointStoppedHalfway) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const TemporaryDirectory directory;
    std::mt19937 random(seed);
    MemoryImage model(512, 30);
    ShadowStore::create(directory.path(), model);
    std::uint64_t sequence = 0;
    {
      ShadowStore store(directory.path(), 0, tight);
      for (int round = 0; round < 3; ++round) apply_random(model, store, random, seed % 2 == 0 ? 4 : 20);
      store.sync();
      sequence = store.sequence();
      copy_shadow(directory.path(), directory / "before");
    }
    // Opening ends with a checkpoint, whose page writes are mixed into the files from before it.
    { const ShadowStore reopened(directory.path(), sequence, tight); }
    std::fstream mixed(directory / "before" / "shadow.pages", std::ios::in | std::ios::out | std::ios::binary);
    std::ifstream flushed(directory / "shadow.pages", std::ios::binary);
    for (PageNumber number = 1; number <= model.page_count(); ++number) {
      if (random() % 2 == 0) continue;
      std::vector<char> page(512);
      flushed.seekg(8192 + 512 * (number - 1));
      flushed.read(page.data(), 512);
      mixed.seekp(8192 + 512 * (number - 1));
      mixed.write(page.data(), 512);
    }
    mixed.close();
    const ShadowStore recovered(directory / "before", sequence, tight);
    ASSERT_TRUE(same_pages(recovered, model)) << "seed " << seed;
  }
}

TEST(ShadowStore, SurvivesATornHeaderSlot) {
  const TemporaryDirectory directory;
  std::mt19937 random(2);
  MemoryImage model(512, 12);
  ShadowStore::create(directory.path(), model);
  copy_shadow(directory.path(), directory / "torn");
  {
    ShadowStore store(directory / "torn", 0);
    apply_random(model, store, random);
    settle(store);
  }
  // Opening wrote the even slot; with that one torn, the odd one counts, whose redo log is empty.
  std::fstream file(directory / "torn" / "shadow.pages", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(20);
  file.put('x');
  file.close();
  EXPECT_EQ(ShadowStore(directory / "torn", 0).sequence(), 1U);
  EXPECT_THROW(ShadowStore(directory / "torn", 2), ShadowUnusable);
}

TEST(ShadowStore, RefusesAQueueThatEndsBeforeItsPages) {
  const TemporaryDirectory directory;
  std::mt19937 random(4);
  MemoryImage model(512, 12);
  ShadowStore::create(directory.path(), model);
  {
    ShadowStore store(directory.path(), 0);
    apply_random(model, store, random);
    apply_random(model, store, random);
    settle(store);
  }
  { const ShadowStore reopened(directory.path(), 3); }  // a checkpoint: the pages are at 3 now
  EXPECT_THROW(ShadowStore(directory.path(), 2), ShadowUnusable);
  EXPECT_THROW(ShadowStore(directory.path(), 4), ShadowUnusable);
  EXPECT_EQ(ShadowStore(directory.path(), 3).sequence(), 3U);
}

TEST(ShadowStore, ForgetsNothingWhereTheQueueIsGone) {
  const TemporaryDirectory directory;
  std::mt19937 random(8);
  MemoryImage model(512, 12);
  ShadowStore::create(directory.path(), model);
  {
    ShadowStore store(directory.path(), 0);
    apply_random(model, store, random);
    store.sync();
  }
  EXPECT_THROW(ShadowStore(directory.path(), 0), ShadowUnusable);
  EXPECT_THROW(ShadowStore(directory.path(), 0), ShadowUnusable) << "asking again must not make it forget";
  EXPECT_EQ(ShadowStore(directory.path(), 2).sequence(), 2U);
}

TEST(ShadowStore, ImagesStayWhileTheStoreMovesOn) {
  const TemporaryDirectory directory;
  std::mt19937 random(6);
  MemoryImage model(512, 30);
  ShadowStore::create(directory.path(), model);
  ShadowStore store(directory.path(), 0, tight);
  std::vector<std::pair<std::unique_ptr<UndoImage>, MemoryImage>> images;
  for (int round = 0; round < 300; ++round) {
    apply_random(model, store, random, round % 23 == 0 ? 25 : 4);
    if (round % 2 == 0) settle(store);
    if (round % 20 == 0) images.emplace_back(store.open_image(), model);
    if (round % 30 == 29) images.erase(images.begin());
    if (round % 10 == 0) {
      for (const auto& [image, expected] : images) ASSERT_TRUE(same_pages(*image, expected)) << "round " << round;
    }
  }
  EXPECT_GT(images.size(), 2U);
  ASSERT_TRUE(same_pages(store, model));
}

/// A shadow of 512-byte pages with a few transactions, and a successor of 1024-byte pages for the next one.
class ShadowSuccession : public testing::Test {
 protected:
  ShadowSuccession() {
    old_model_.change(random_, 30);
    new_model_.change(random_, 20);
    ShadowStore::create(directory_.path(), old_model_);
    store_ = std::make_unique<ShadowStore>(directory_.path(), 0, tight);
    for (int round = 0; round < 20; ++round) {
      apply_random(old_model_, *store_, random_);
      settle(*store_);
    }
    identity_ = store_->identity();
    last_ = store_->sequence();
    store_->make_successor(new_model_, last_ + 1);
  }
  void reopen(std::uint64_t queue_end) {
    store_.reset();
    store_ = std::make_unique<ShadowStore>(directory_.path(), queue_end, tight);
  }
  bool successor_is_left() const { return std::filesystem::exists(directory_ / "shadow.pages.next"); }

  TemporaryDirectory directory_;
  std::mt19937 random_{5};
  MemoryImage old_model_{512, 40};
  MemoryImage new_model_{1024, 25};
  std::unique_ptr<ShadowStore> store_;
  std::string identity_;
  std::uint64_t last_ = 0;
};

TEST_F(ShadowSuccession, AnotherPageSizeContinuesTheSameShadowOnceTheQueueHasIt) {
  reopen(last_ + 1);
  EXPECT_TRUE(same_pages(*store_, new_model_));
  EXPECT_FALSE(successor_is_left());
  EXPECT_EQ(store_->identity(), identity_);
  EXPECT_EQ(store_->sequence(), last_ + 1);
  apply_random(new_model_, *store_, random_);
  settle(*store_);
  reopen(last_ + 2);
  EXPECT_TRUE(same_pages(*store_, new_model_));
}

TEST_F(ShadowSuccession, KilledBeforeTheQueueHadItTheOldPagesCount) {
  reopen(last_);
  EXPECT_TRUE(same_pages(*store_, old_model_));
  EXPECT_FALSE(successor_is_left());
}

TEST_F(ShadowSuccession, KilledWhileItWasMadeTheOldPagesCount) {
  std::filesystem::resize_file(directory_ / "shadow.pages.next", 4096);
  std::ofstream(directory_ / "shadow.pages.next") << "half";
  reopen(last_);
  EXPECT_TRUE(same_pages(*store_, old_model_));
  EXPECT_FALSE(successor_is_left());
}

TEST_F(ShadowSuccession, OfAnotherShadowIsNotTaken) {
  const TemporaryDirectory other;
  ShadowStore::create(other.path(), old_model_);
  ShadowStore(other.path(), 0, tight).make_successor(new_model_, last_ + 1);
  std::filesystem::rename(other / "shadow.pages.next", directory_ / "shadow.pages.next");
  EXPECT_THROW(reopen(last_ + 1), ShadowUnusable);
  reopen(last_);
  EXPECT_TRUE(same_pages(*store_, old_model_));
}

TEST_F(ShadowSuccession, ImagesThatAreOpenKeepTheOldPages) {
  const auto image = store_->open_image();
  const ShadowStore successor(directory_.path(), last_ + 1, tight);
  EXPECT_TRUE(same_pages(*image, old_model_));
  EXPECT_TRUE(same_pages(successor, new_model_));
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
