// SPDX-License-Identifier: MIT
// What a scrape costs through cpp-httplib, with the connection kept, and compressed by gzip.
#include "tacho/adapter/httplib.hpp"
#include "harness.hpp"
#include "pages.hpp"
#include "tacho/adapter/zlib.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <zlib.h>

namespace bench {

namespace {

class served {
public:
    served() {
        server_.new_task_queue = [] { return new httplib::ThreadPool{1}; };
        server_.set_tcp_nodelay(true);
        server_.set_keep_alive_max_count(~std::size_t{0});
        // What was allocated from one request to the next is what one costs.
        server_.set_pre_routing_handler([this](auto const&, auto const&) {
            auto const now = allocations();
            of_a_request_ = now - before_;
            before_ = now;
            return httplib::Server::HandlerResponse::Unhandled;
        });
        tacho::mount(server_, "/metrics", endpoint_);
        server_.Get("/ready", [this](auto const&, httplib::Response& response) {
            response.set_content(page_.data(), page_.size(), "text/plain");
        });
        page_ = endpoint_->respond({}).body();
        int const port = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread{[this] { server_.listen_after_bind(); }};
        client_ = std::make_unique<httplib::Client>("127.0.0.1", port);
        client_->set_keep_alive(true);
        client_->set_tcp_nodelay(true);
    }
    served(served const&) = delete;
    served& operator=(served const&) = delete;
    ~served() {
        client_.reset();
        server_.stop();
        thread_.join();
    }

    void register_as(std::string const& name, char const* path) {
        auto const run = [=, this](benchmark::State& state) {
            bool whole = get(path);
            for (auto _ : state) {
                ours_.change();
                auto const start = std::chrono::steady_clock::now();
                whole &= get(path);
                std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
                state.SetIterationTime(took.count());
            }
            whole &= get(path);
            state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(ours_.size()));
            state.counters["allocations"] = static_cast<double>(of_a_request_.load());
            if (!whole) disprove(name);
        };
        benchmark::RegisterBenchmark(name.c_str(), run)
            ->UseManualTime()
            ->MinTime(how_hard.seconds)
            ->Repetitions(how_hard.repetitions);
    }

private:
    bool get(char const* path) {
        auto const answer = client_->Get(path);
        return answer && answer->status == 200 && answer->body.ends_with('\n');
    }

    many_counters ours_{10'000};
    std::shared_ptr<tacho::endpoint> endpoint_ = std::make_shared<tacho::endpoint>(ours_.registry());
    std::string page_;
    std::atomic<std::uint64_t> of_a_request_{0};
    std::uint64_t before_ = 0;  // the server thread's alone
    httplib::Server server_;
    std::thread thread_;
    std::unique_ptr<httplib::Client> client_;
};

// A page of ten thousand counters as it is, and compressed.
class packed {
public:
    packed() {
        pages(
            "gzip/tacho", ours_.size(), [this] { ours_.change(); },
            [this] { benchmark::DoNotOptimize(endpoint_.respond(gzip_).body().data()); },
            [this] { return unpacked(endpoint_.respond(gzip_).body()) == endpoint_.respond({}).body(); });
        pages(
            "gzip/text", ours_.size(), [this] { ours_.change(); },
            [this] { benchmark::DoNotOptimize(endpoint_.respond({}).body().data()); },
            [this] { return endpoint_.respond({}).body().ends_with('\n'); });
    }
    packed(packed const&) = delete;
    packed& operator=(packed const&) = delete;

private:
    // Empty when it is not one member of gzip.
    static std::string unpacked(std::string_view from) {
        std::string in{from}, out(16u << 20, '\0');
        z_stream z{};
        z.next_in = reinterpret_cast<Bytef*>(in.data());
        z.avail_in = static_cast<uInt>(in.size());
        z.next_out = reinterpret_cast<Bytef*>(out.data());
        z.avail_out = static_cast<uInt>(out.size());
        if (::inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) return {};
        bool const whole = ::inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0;
        out.resize(whole ? z.total_out : 0);
        ::inflateEnd(&z);
        return out;
    }

    static constexpr tacho::scrape_request gzip_{.accept_encoding = "gzip"};
    many_counters ours_{10'000};
    tacho::endpoint endpoint_{ours_.registry(), {.compress_with = tacho::gzip()}};
};

}  // namespace

void httplib_rows(table& to) {
    static served s;
    s.register_as("httplib/tacho", "/metrics");
    s.register_as("httplib/ready", "/ready");
    to.add({"scrape of 10000 counters by cpp-httplib, a line", "httplib/tacho", "httplib/ready", "a ready page"});
    to.add({"scrape of 10000 counters by cpp-httplib, allocations", "httplib/tacho/allocations",
            "httplib/ready/allocations", "a ready page", "", -1, limit_of::amount});
    static packed const compressed;
    to.add({"scrape of 10000 counters by gzip, a line", "gzip/tacho", "gzip/text", "tacho, not compressed"});
    to.add({"scrape of 10000 counters by gzip, allocations", "gzip/tacho/allocations", "gzip/text/allocations",
            "tacho, not compressed", "", -1, limit_of::amount});
}

}  // namespace bench
