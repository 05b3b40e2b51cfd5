// What becomes of a push when there is no memory: each `new` of its thread fails once, one after the other.
#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace {

// How many more succeed before one fails, on this thread; below zero all do.
thread_local long before_failure = -1;
std::atomic<long> failures{0};

}  // namespace

// Not inlined, or g++ 12 takes the pair for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (before_failure >= 0 && before_failure-- == 0) {
        ++failures;
        throw std::bad_alloc{};
    }
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace {

using sums = std::map<std::string, std::uint64_t>;

// Adds up what it is given: each request has one point.
struct adding_transport {
    sums* into;

    static bool can_send(std::string_view) noexcept { return true; }
    tacho::http_outcome post(tacho::http_post const& request, tacho::deadline const&) const {
        auto const left = std::exchange(before_failure, -1);  // it is not its own lack of memory that is tested
        auto const after = [&](std::string_view what) {
            auto const at = request.body.find(what);
            if (at == request.body.npos) return std::string{};
            auto const from = at + what.size();
            return std::string{request.body.substr(from, request.body.find('"', from) - from)};
        };
        auto const value = after("\"asInt\":\"") + after("\"count\":\"");
        (*into)[after("\"metrics\":[{\"name\":\"") + after("\"intValue\":\"")] += std::stoull(value);
        tacho::http_outcome taken{
            .status = 200, .body = R"({"partialSuccess":{"errorMessage":"a remark of some length, for the log"}})"};
        before_failure = left;
        return taken;
    }
};

struct shop {
    std::atomic<long> armed{-1};
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    tacho::histogram<"h", tacho::label<"n", int>> h{registry, "", {1, 2}};
    tacho::exponential_histogram<"e", tacho::label<"n", int>> e{registry};
    // Called at the beginning of each collection, by the thread that pushes.
    tacho::observable_counter<"o"> o{registry, "", [this] {
                                         before_failure = armed.exchange(-1);
                                         return 5u;
                                     }};

    void record(int from, int to) {
        for (int i = from; i < to; ++i) {
            c(i).inc(10);
            h(i).observe(i);
            e(i).observe(i);
        }
    }
};

// Pushes twice, the second time with more to remember; the push that `which` says has a failure after `allowed`.
sums delivered_with(int which, long allowed, bool& has_failed) {
    sums delivered;
    shop s;
    failures = 0;
    {
        tacho::pusher pusher{
            s.registry,
            {.interval = std::chrono::hours{1}, .temporality = tacho::temporality_preference::delta, .split_above = 1},
            adding_transport{&delivered}};
        for (int push = 0; push < 2; ++push) {
            s.record(0, push == 0 ? 5 : 40);
            if (push == which) s.armed = allowed;
            static_cast<void>(pusher.flush());
        }
        s.record(0, 1);
    }  // which pushes what is left
    has_failed = failures != 0;
    return delivered;
}

TEST(lack_of_memory, in_the_middle_of_a_push_loses_nothing_and_tells_nothing_twice) {
    auto* const before = tacho::set_error_hook(nullptr);
    bool has_failed = false;
    auto const expected = delivered_with(2, -1, has_failed);
    ASSERT_FALSE(has_failed);
    ASSERT_EQ(expected.at("c0"), 30u);
    ASSERT_EQ(expected.at("h39"), 1u);
    ASSERT_EQ(expected.size(), 3u * 40 + 1);
    for (int const which : {0, 1}) {
        long allowed = 0;
        for (has_failed = true; has_failed; ++allowed)
            ASSERT_EQ(delivered_with(which, allowed, has_failed), expected) << which << ' ' << allowed;
        EXPECT_GT(allowed, 20) << "there is more to remember than that";
    }
    tacho::set_error_hook(before);
}

}  // namespace
