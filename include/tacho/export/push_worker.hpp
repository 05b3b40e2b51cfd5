// SPDX-License-Identifier: MIT
// tacho: the thread of a pusher: collects, sends and waits.
// Rule: https://opentelemetry.io/docs/specs/otlp/#otlphttp
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/deadline.hpp"
#include "tacho/core/push_watcher.hpp"
#include "tacho/core/text.hpp"
#include "tacho/encode/otlp_json.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/export/awaited.hpp"
#include "tacho/export/broken_pipe.hpp"
#include "tacho/export/delta_memory.hpp"
#include "tacho/export/http_header.hpp"
#include "tacho/export/push_reports.hpp"
#include "tacho/export/pusher_options.hpp"
#include "tacho/export/retry.hpp"
#include "tacho/export/transport.hpp"
#include "tacho/export/unsent_requests.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#if TACHO_BODIES

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tacho::inline TACHO_ABI::detail {

// What a pusher is in the process that made it.
class push_worker {
public:
    push_worker(registry& of, pusher_options options, std::unique_ptr<any_transport> by,
                std::shared_ptr<delta_memory> memory)
        : options_(clamped(std::move(options))),
          now_(of.options().now),
          reader_(std::in_place, of),
          memory_(memory != nullptr ? std::move(memory) : std::make_shared<delta_memory>()),
          transport_(std::move(by)),
          packed_(options_.largest_body) {
        headers_.push_back({"Content-Type", "application/json"});
        bool const has_own = std::any_of(options_.headers.begin(), options_.headers.end(), [](attribute const& header) {
            return equals_ignoring_case(header.key, "User-Agent");
        });
        if (!has_own) headers_.push_back({"User-Agent", user_agent_});
        for (auto const& [name, value] : options_.headers) headers_.push_back({name, value});
        if (options_.compress_with != nullptr)
            headers_.push_back({"Content-Encoding", options_.compress_with->coding()});
        worker_ = std::thread{[this] { run(); }};
    }
    push_worker(push_worker const&) = delete;
    push_worker& operator=(push_worker const&) = delete;
    ~push_worker() {
        if (ask_to_stop(std::chrono::seconds{5})) join();
    }

    // Its number, to be waited for; 0 for none: a callback or the hook would wait for itself.
    std::uint64_t ask_to_flush() {
        std::lock_guard const lock{mutex_};
        if (stopping_ || std::this_thread::get_id() == worker_id_) return 0;
        wake_.notify_all();
        return ++flushes_wanted_;
    }

    // A push that was under way may have begun before it was asked for; the one that follows it counts.
    bool finish_flush(std::uint64_t wanted, std::chrono::milliseconds limit) {
        if (wanted == 0) return false;
        std::unique_lock lock{mutex_};
        finished_.wait_for(lock, (std::min)(limit, longest_time), [&] { return flushes_done_ >= wanted || stopped_; });
        return flushes_taken_ >= wanted;
    }

    // False on the thread that would be waited for.
    bool ask_to_stop(std::chrono::milliseconds limit) {
        auto const end = deadline::clock::now() + (std::min)(limit, longest_time);
        std::lock_guard const lock{mutex_};
        stop_at_ = stopping_ ? (std::min)(stop_at_, end) : end;
        stopping_ = true;
        if (under_way_ != nullptr) under_way_->no_later_than(end);
        wake_.notify_all();
        return std::this_thread::get_id() != worker_id_;
    }

    void stop(std::chrono::milliseconds limit) {
        ask_to_stop(limit);
        if (awaited == 0) join();  // else it ends once what called this returns
    }

    [[nodiscard]] bool ended() const {
        std::lock_guard const lock{mutex_};
        return stopped_;
    }

    [[nodiscard]] pusher_stats stats() const {
        std::lock_guard const lock{mutex_};
        return stats_;
    }

private:
    static constexpr std::chrono::milliseconds finest{1};  // that transports count in

    void join() {
        std::lock_guard const only_one{joining_};
        if (worker_.joinable()) worker_.join();
    }

    void run() {
        ++awaited;
        block_broken_pipes();
        if (!sends_totals_) unsent_ = memory_->take_what_was_left();
        auto next = deadline::clock::now() + options_.interval;
        std::unique_lock lock{mutex_};
        worker_id_ = std::this_thread::get_id();
        for (;;) {
            wake_.wait_until(lock, next, [&] { return stopping_ || flushes_wanted_ != flushes_done_; });
            bool const last = is_last_ = stopping_;
            auto const flushes = flushes_wanted_;
            auto const started = deadline::clock::now();
            // A timeout of 0 is none; the interval then bounds a push, so that one can't hold up all others for ever.
            auto const most = options_.timeout.count() == 0 ? options_.interval : options_.timeout;
            deadline until{started + most};
            if (last) until.no_later_than(stop_at_);
            under_way_ = &until;
            lock.unlock();
            bool accepted = false;
            done_ = {};
            all_taken_ = true;
            if (!attempt([&] { accepted = push(until) && all_taken_; })) says_.threw();
            tell(accepted, started);
            if (last && !sends_totals_ && !unsent_.ends.empty()) memory_->leave(std::move(unsent_));
            lock.lock();
            under_way_ = nullptr;
            ++(accepted ? stats_.accepted : stats_.failed);
            flushes_done_ = flushes;
            if (accepted) {
                flushes_taken_ = flushes;
                not_before_ = {};
            }
            stopped_ = last;
            finished_.notify_all();
            if (last) return reader_.reset();
            // From start to start; a push that took longer than the interval is followed at once by the next.
            next = (std::max)({(std::min)(next, started) + options_.interval, deadline::clock::now(), not_before_});
        }
    }

    // One collection, sent and sent again until it is taken, refused or out of time.
    bool push(deadline const& until) {
        // What the last one left over goes first. Its deltas are not added up with what came since, because those of
        // the requests before it have arrived.
        if (!unsent_.ends.empty() && !deliver(until)) return false;
        unsent_.collected = now_();
        if (!encode(until)) return says_.failed("there is no memory for a request", is_last_);
        if (!unsent_.ends.empty()) return deliver(until);
        commit();  // nothing to say is not sent
        return true;
    }

    void tell(bool accepted, deadline::clock::time_point started) noexcept {
        if (options_.watcher == nullptr) return;
        done_.accepted = accepted;
        done_.seconds = std::chrono::duration<double>(deadline::clock::now() - started).count();
        options_.watcher->pushed(done_);
    }

    // Sends the requests that are left of a collection.
    bool deliver(deadline const& until) {
        auto& [body, ends, sent, collected, is_refused] = unsent_;
        while (sent != ends.size()) {
            auto const before = sent == 0 ? otlp_request_end{} : ends[sent - 1];
            auto const& end = ends[sent];
            points_ = end.points - before.points;
            bool const was_refused = std::exchange(is_refused, false);
            bool const is_taken = send(body.view().substr(before.at, end.at - before.at), until, was_refused);
            if (is_taken || (was_refused && std::exchange(is_refused, false))) {
                ++sent;
                continue;
            }
            done_.failed_points += ends.back().points - before.points;
            // The next collection covers all of it, unless deltas have arrived in part.
            if (sent == 0 || sends_totals_) ends.clear();
            return false;
        }
        ends.clear();
        commit();
        return true;
    }

    bool send(std::string_view body, deadline const& until, bool was_refused) {
        if (body.size() > options_.largest_body)
            return says_.failed(fmt::format("a request takes more than {} bytes, the most that is sent at once. Raise "
                                            "pusher_options::largest_body, or lower split_above",
                                            options_.largest_body),
                                is_last_);
        auto const request = packed(body);
        failed_tries failed;
        for (backoff waits;;) {
            done_.sent_bytes += request.body.size();
            auto const outcome = transport_->post(request, until);
            auto const meaning =
                outcome.status == 0 ? (outcome.retryable ? verdict::retry : verdict::drop) : classify(outcome.status);
            if (meaning == verdict::accepted) {
                // It has arrived, and must not be sent again.
                attempt([&] { outcome.problem.empty() ? note_partial_success(outcome.body) : note_unread(outcome); });
                return true;
            }
            auto const& why = failed.after(outcome, until.remaining() <= finest);
            unsent_.is_refused = refuses_what_was_sent(outcome.status);
            if (was_refused && unsent_.is_refused) return lose(why);
            if (meaning == verdict::drop)
                return says_.failed(why + "; not tried again" + std::string{cure_of(outcome.status)}, is_last_);
            auto wait = std::chrono::milliseconds{waits.next(static_cast<std::uint32_t>(random_()))};
            auto const now = static_cast<std::int64_t>(now_() / 1'000'000'000u);
            auto const asked = parse_retry_after(outcome.retry_after, now);
            if (asked) wait = (std::max)(wait, std::chrono::milliseconds{*asked});  // no wait at all would be a storm
            if (wait >= until.remaining()) {
                if (asked) not_before_ = deadline::clock::now() + wait;
                return says_.failed(why + "; there is no time left to try again", is_last_);
            }
            if (!pause(wait, until)) return says_.cut_short(why, is_last_);
        }
    }

    // What is cut short, by an exception too, leaves nothing to send.
    [[nodiscard]] bool encode(deadline const& until) {
        unsent_.sent = 0;
        unsent_.is_refused = false;
        unsent_.body.clear();
        written_.clear();
        otlp_json_encoder encoder{unsent_.body, options_.about, unsent_.collected, &known_};
        encoder.split_above(options_.split_above, written_);
        delta_memory::stage<decltype(encoder)> stage{*memory_, encoder, options_.temporality};
        reader_->visit(stage, until);
        if (!encoder.finish()) return false;
        unsent_.ends.swap(written_);
        return true;
    }

    // Compressed once, however often it is sent. What can't be compressed is sent as it is.
    [[nodiscard]] http_post packed(std::string_view body) noexcept {
        std::span<http_header const> headers{headers_};
        if (options_.compress_with == nullptr) return {options_.url, body, headers};
        packed_.clear();
        if (options_.compress_with->compress(body, packed_)) return {options_.url, packed_.view(), headers};
        return {options_.url, body, headers.first(headers.size() - 1)};  // without Content-Encoding, the last
    }

    // Waits before another try; false when it is time to stop. The last push has nothing else to do: it tries again
    // until its deadline, which may come nearer meanwhile.
    [[nodiscard]] bool pause(std::chrono::milliseconds wait, deadline const& until) {
        auto const end = deadline::clock::now() + wait;
        std::unique_lock lock{mutex_};
        while (deadline::clock::now() < end) {
            if ((stopping_ && !is_last_) || until.passed()) return false;
            wake_.wait_until(lock, (std::min)(end, until.when()));
        }
        ++stats_.retries;
        return true;
    }

    void note_partial_success(std::string_view answer) {
        if (is_foreign(answer)) says_.taken_by_a_stranger(answer);
        auto const partial = parse_partial_success(answer);
        auto const rejected = (std::min)(partial.rejected_points, points_);
        done_.rejected_points += rejected;
        done_.accepted_points += points_ - rejected;
        if (partial.rejected_points == 0 && partial.message.empty()) return;
        says_.taken_in_part(partial);
        std::lock_guard const lock{mutex_};
        stats_.rejected_points += partial.rejected_points;
    }

    // What would be refused each time, so that nothing would be sent that came since.
    bool lose(std::string_view why) {
        all_taken_ = false;
        done_.failed_points += points_;
        says_.lost(why, points_);
        return false;
    }

    // The receiver has it, so that deltas sent again would count twice. What it has rejected of it, it has not told.
    void note_unread(http_outcome const& answer) {
        all_taken_ = false;
        done_.accepted_points += points_;
        says_.taken_with_an_answer_unread(answer);
    }

    void commit() {
        if (!sends_totals_) memory_->commit(unsent_.collected);  // totals leave it to who sends deltas again
        reader_->commit();
    }

    pusher_options const options_;
    bool const sends_totals_ = options_.temporality == temporality_preference::cumulative;
    unix_nanos (*const now_)() noexcept;
    std::string const user_agent_ = fmt::format("tacho-OTLP-Exporter-Cpp/{}", version);
    std::vector<http_header> headers_;
    std::optional<reader> reader_;  // until the end: while it lives, what is removed is kept for it
    std::shared_ptr<delta_memory> memory_;
    delta_memory::in_use uses_memory_{*memory_};
    std::unique_ptr<any_transport> transport_;
    push_reports says_{transport_->destination(options_.url)};
    byte_buffer packed_;
    unsent_requests unsent_;
    std::vector<otlp_request_end> written_;
    std::uint64_t points_ = 0;  // of the request that is being sent
    push_outcome done_;         // by this push
    bool all_taken_ = true;     // by this push, as far as is known
    otlp_points known_;
    std::mt19937 random_{std::random_device{}()};
    bool is_last_ = false;                    // known to the worker alone
    deadline::clock::time_point not_before_;  // the next push, if nobody asks for one: as the receiver wants it

    std::mutex mutable mutex_;  // guards what follows; never held while collecting or sending
    std::condition_variable wake_, finished_;
    std::thread::id worker_id_;
    pusher_stats stats_;
    deadline* under_way_ = nullptr;
    deadline::clock::time_point stop_at_;
    std::uint64_t flushes_wanted_ = 0;
    std::uint64_t flushes_done_ = 0;
    std::uint64_t flushes_taken_ = 0;  // by the last push that was accepted
    bool stopping_ = false;
    bool stopped_ = false;

    std::mutex joining_;
    std::thread worker_;  // last: it uses all above
};

}  // namespace tacho::inline TACHO_ABI::detail

#endif
