// SPDX-License-Identifier: MIT
// tacho: memory by the MiB, in pages as large as the system has them.
#pragma once

#include "tacho/core/platform.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdlib>

#if TACHO_USES_HUGE_PAGES
#include <sys/mman.h>
#endif

namespace tacho::inline TACHO_ABI::detail {

// Of an x86-64, and of a 64-bit ARM whose pages have 4 KiB; elsewhere a size like another.
inline constexpr std::size_t huge_page = std::size_t{2} << 20;

// For what is read or written from its beginning to its end: a processor finds 512 times as much by what it remembers
// of pages. Whole huge pages, of which each counts as used once a byte of it is; free() gives them back. nullptr when
// memory can't be had.
// Rule: https://docs.kernel.org/admin-guide/mm/transhuge.html (`madvise`)
[[nodiscard]] inline void* allocate_huge_pages(std::size_t pages) noexcept {
    if (pages > ~std::size_t{0} / huge_page) return nullptr;
#if TACHO_USES_HUGE_PAGES
    void* const memory = std::aligned_alloc(huge_page, pages * huge_page);
    // Only a wish: where it is not granted, the pages are the usual ones.
    if (memory != nullptr) ::madvise(memory, pages * huge_page, MADV_HUGEPAGE);
    return memory;
#else
    return std::malloc(pages * huge_page);
#endif
}

}  // namespace tacho::inline TACHO_ABI::detail
