// SPDX-License-Identifier: MIT
// tacho: where an encoder writes: a window of bytes that it fills and commits.
#pragma once

#include "tacho/core/large_memory.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

/// What an encoder writes to. `window(n)` gives room for n bytes, or nullptr when there is none; from then on the sink
/// has failed, and what was written so far must not be used. `commit(n)` keeps the first n bytes of the last window. An
/// encoder asks for several lines at a time, each of the longest that it may have to write: some KiB more than it uses.
template <class T>
concept sink = requires(T& to, std::size_t n) {
    { to.window(n) }
    noexcept->std::same_as<char*>;
    { to.commit(n) }
    noexcept;
};

/// A growing buffer that is used again and again: once it is as large as what is written, it allocates no more. One
/// thread at a time.
class byte_buffer {
public:
    byte_buffer() = default;
    /// Refuses to grow beyond `limit` bytes.
    explicit byte_buffer(std::size_t limit) noexcept : limit_(limit) {}
    byte_buffer(byte_buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)),
          limit_(other.limit_) {}
    byte_buffer& operator=(byte_buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        std::swap(limit_, other.limit_);
        return *this;
    }
    ~byte_buffer() { std::free(data_); }

    /// See `sink`. Allocates when it has to grow; nullptr beyond the limit or without memory.
    [[nodiscard]] char* window(std::size_t n) noexcept {
        if (capacity_ - size_ < n && !grow(n)) [[unlikely]]
            return nullptr;
        return data_ + size_;
    }
    /// See `sink`.
    void commit(std::size_t n) noexcept { size_ += n; }

    /// Begins anew; the memory is kept.
    void clear() noexcept { size_ = 0; }
    /// What was written; until the next window() or clear().
    [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }

private:
    [[gnu::noinline]] bool grow(std::size_t n) noexcept {
        if (n > limit_ || size_ > limit_ - n) return false;
        std::size_t wanted = capacity_ < 4096 ? 4096 : capacity_ * 2;
        if (wanted < size_ + n) wanted = size_ + n;
        if (wanted > limit_) wanted = limit_;
        void* const grown = wanted < detail::huge_page / 2 ? std::realloc(data_, wanted) : move_to_huge_pages(wanted);
        if (grown == nullptr) return false;
        data_ = static_cast<char*>(grown);
        capacity_ = wanted;
        return true;
    }
    // A page of some 10 000 lines or more is written a tenth faster, and one of a million a fifth.
    [[nodiscard]] void* move_to_huge_pages(std::size_t& wanted) noexcept {
        auto const pages = (wanted - 1) / detail::huge_page + 1;
        void* const moved = detail::allocate_huge_pages(pages);
        if (moved == nullptr) return nullptr;
        wanted = (std::min)(pages * detail::huge_page, limit_);
        if (size_ != 0) std::memcpy(moved, data_, size_);
        std::free(data_);
        return moved;
    }

    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    std::size_t limit_ = ~std::size_t{0} / 4;
};

/// A fixed piece of memory; fails when it is full. Allocates nothing.
class span_sink {
public:
    /// Writes to `room`, which must live longer.
    explicit span_sink(std::span<char> room) noexcept : room_(room) {}

    /// See `sink`. nullptr when it is full.
    [[nodiscard]] char* window(std::size_t n) noexcept {
        return room_.size() - size_ < n ? nullptr : room_.data() + size_;
    }
    /// See `sink`.
    void commit(std::size_t n) noexcept { size_ += n; }
    /// What was written.
    [[nodiscard]] std::string_view view() const noexcept { return {room_.data(), size_}; }

private:
    std::span<char> room_;
    std::size_t size_ = 0;
};

static_assert(sink<byte_buffer> && sink<span_sink>);

namespace detail {

// Writes pieces of text to a sink and remembers whether all found room, so that an encoder checks once, at its end.
template <sink Sink>
class sink_writer {
public:
    explicit sink_writer(Sink& to) noexcept : to_(to) {}

    [[nodiscard]] bool failed() const noexcept { return failed_; }
    void fail() noexcept { failed_ = true; }
    /// Bytes so far.
    [[nodiscard]] std::size_t written() const noexcept { return written_; }

    // Calls f(char*), which writes at most `room` bytes and returns the end of what it wrote.
    template <class F>
    void write(std::size_t room, F&& f) noexcept {
        if (failed_) [[unlikely]]
            return;
        char* const at = to_.window(room);
        if (at == nullptr) [[unlikely]] {
            failed_ = true;
            return;
        }
        auto const size = static_cast<std::size_t>(f(at) - at);
        to_.commit(size);
        written_ += size;
    }

    template <class... Texts>
    void text(Texts const&... parts) noexcept {
        write((std::string_view{parts}.size() + ... + 0), [&](char* out) {
            ((out = copy(std::string_view{parts}, out)), ...);
            return out;
        });
    }

    static char* copy(std::string_view from, char* out) noexcept {
        if (!from.empty()) std::memcpy(out, from.data(), from.size());
        return out + from.size();
    }

private:
    Sink& to_;
    std::size_t written_ = 0;
    bool failed_ = false;
};

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
