// SPDX-License-Identifier: MIT
// Work that is cut off at a deadline.
#include "support/latch.hpp"
#include "support/wait.hpp"

#include "tacho/export/work_until.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace {

using tacho::deadline;
using tacho::detail::work_end;
using tacho::detail::work_until;

constexpr auto far = std::chrono::hours{1};

TEST(work_until_a_deadline, is_done_after_its_preparations_on_a_thread_of_its_own) {
    deadline const until{deadline::clock::now() + far};
    auto const prepared = std::make_shared<std::atomic<bool>>(false);
    bool was_prepared = false;
    std::thread::id by;
    auto const how = work_until(
        until, [prepared] { *prepared = true; },
        [&] {
            was_prepared = *prepared;
            by = std::this_thread::get_id();
        },
        [] { FAIL(); });
    EXPECT_EQ(how, work_end::in_time);
    EXPECT_TRUE(was_prepared);
    EXPECT_NE(by, std::this_thread::get_id());
}

TEST(work_until_a_deadline, is_cut_off_until_it_ends_when_the_deadline_is_brought_forward) {
    deadline until{deadline::clock::now() + far};
    std::atomic<int> cuts{0};
    auto const how = work_until(
        until, [] {},
        [&] {
            until.no_later_than(deadline::clock::now());
            test::wait_until([&] { return cuts >= 3; });
        },
        [&] { ++cuts; });
    EXPECT_EQ(how, work_end::late);
    EXPECT_GE(cuts, 3);
}

TEST(work_until_a_deadline, is_not_done_once_its_preparations_were_left_alone) {
    struct shared {
        test::latch go_on{1};
        std::atomic<bool> is_prepared{false}, is_worked{false};
    };
    auto const seen = std::make_shared<shared>();
    deadline const until{deadline::clock::now()};
    auto const how = work_until(
        until,
        [seen] {
            seen->go_on.wait();
            seen->is_prepared = true;
        },
        [&] { seen->is_worked = true; }, [] { FAIL(); });
    EXPECT_EQ(how, work_end::left);
    seen->go_on.count_down();
    EXPECT_TRUE(test::wait_until([&] { return seen.use_count() == 1; }));  // its thread has let go
    EXPECT_TRUE(seen->is_prepared);
    EXPECT_FALSE(seen->is_worked);
}

}  // namespace
