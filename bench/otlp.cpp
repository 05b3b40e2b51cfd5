// SPDX-License-Identifier: MIT
// What an OTLP request costs.
#include "harness.hpp"
#include "pages.hpp"
#include "tacho/encode/otlp_json.hpp"
#include "tacho/encode/sink.hpp"

namespace bench {

namespace {

// Encodes into a buffer that it keeps.
template <class Many>
class request {
public:
    request(std::string const& name, std::size_t count) : ours_(count) {
        pages(
            name + "/tacho", count, [this] { ours_.change(); }, [this] { make(); }, [this] { return holds(); });
        make();
        copy_.learn(buffer_.view());
        pages(
            name + "/memcpy", count, [] {}, [this] { copy_.make(); }, [this] { return copy_.holds(); });
    }
    request(request const&) = delete;
    request& operator=(request const&) = delete;

private:
    void make() {
        buffer_.clear();
        tacho::otlp_json_encoder encoder{buffer_, about_, tacho::system_clock::now(), &known_};
        ours_.registry().visit(encoder, tacho::order::by_scope);
        whole_ = encoder.finish() && encoder.points() == ours_.size();
        benchmark::DoNotOptimize(buffer_.view().data());
        benchmark::ClobberMemory();
    }
    [[nodiscard]] bool holds() const {
        auto const text = buffer_.view();
        return whole_ && text.starts_with("{\"resourceMetrics\":[") && text.ends_with("]}]}]}");
    }

    Many ours_;
    tacho::resource about_{{"service.name", "bench"}};
    tacho::otlp_points known_;
    tacho::byte_buffer buffer_;
    copy copy_;
    bool whole_ = false;
};

}  // namespace

void otlp_rows(table& to) {
    static request<many_counters> const counters{"otlp/counters", 10'000};
    static request<many_histograms> const histograms{"otlp/histograms", 1'000};

    // Known to miss its limit where a processor copies fast for what it computes: of the AMD EPYC's 31 ns memcpy()
    // takes 8, and of the Intel Xeon's 28 ns 19. Tried on the former, where these took 24.6 ns alone: eight neighbours
    // that are known by one comparison and copied as one text, over which times and digits, worked out side by side,
    // are written (20.9 ns; no less than these among all that is measured here); the same point by point, by blocks
    // that are always as many (21.8); digits side by side alone (24.1). Where all of it is written to one place that
    // stays in the first cache, 18 are left: 5 to add up and to find the cells, 5 to copy, 8 for digits and times. Not
    // to copy at all would take numbers that never get longer.
    to.add({"OTLP JSON of 10000 counters, a point", "otlp/counters/tacho", "otlp/counters/memcpy", "memcpy", "ns", 2.5,
            limit_of::ratio, 5});
    to.add({"OTLP JSON of 10000 counters, allocations", "otlp/counters/tacho/allocations",
            "otlp/counters/memcpy/allocations", "memcpy", "", 0, limit_of::amount});
    to.add({"OTLP JSON of 1000 histograms, a point", "otlp/histograms/tacho", "otlp/histograms/memcpy", "memcpy"});
    to.add({"OTLP JSON of 1000 histograms, allocations", "otlp/histograms/tacho/allocations",
            "otlp/histograms/memcpy/allocations", "memcpy", "", 0, limit_of::amount});
}

}  // namespace bench
