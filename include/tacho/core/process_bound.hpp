// SPDX-License-Identifier: MIT
// tacho: what lives by threads and connections of one process, and is not there in a child of it.
#pragma once

#include "tacho/core/fork.hpp"
#include "tacho/version.hpp"

#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace tacho::inline TACHO_ABI::detail {

// Owns a T, which has threads, or is changed by them without the gate. A child of fork() has a copy of it without the
// threads, maybe changed by half: joining them, locking its mutexes, even destroying its condition variables could wait
// for ever, and its connections are the parent's. There it is left alone, never destroyed.
template <class T>
class process_bound {
public:
    process_bound() = default;
    explicit process_bound(std::shared_ptr<T> made) noexcept : made_(std::move(made)) {}
    process_bound(process_bound const&) noexcept = default;
    process_bound(process_bound&& other) noexcept : made_(std::move(other.made_)), in_(other.in_) {}
    process_bound& operator=(process_bound other) noexcept {
        std::swap(made_, other.made_);
        std::swap(in_, other.in_);
        return *this;
    }
    ~process_bound() {
        // A copy that is never destroyed. Without memory for it the T is, as if there had been no fork.
        if (made_ != nullptr && in_ != this_process()) static_cast<void>(new (std::nothrow) auto(std::move(made_)));
    }

    // nullptr in any process but the one that made it.
    [[nodiscard]] T* here() const noexcept { return in_ == this_process() ? made_.get() : nullptr; }

private:
    std::shared_ptr<T> made_;
    std::uint32_t in_ = this_process();
};

}  // namespace tacho::inline TACHO_ABI::detail
