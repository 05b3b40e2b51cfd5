// SPDX-License-Identifier: MIT
// What was measured, and the table that sets our numbers beside a peer's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// The numbers of one measurement, one a repetition. Those of two threads are kept only of quiet rounds.
struct samples {
    std::vector<double> kept;
    std::size_t disturbed = 0;

    [[nodiscard]] double median() const;
    // Whether there are too few quiet rounds to say anything.
    [[nodiscard]] bool is_noisy() const {
        return disturbed != 0 && (kept.size() < 3 || kept.size() * 4 < kept.size() + disturbed);
    }
};

// How a limit is meant.
enum class limit_of { ratio, amount };

struct row {
    std::string what;
    std::string ours, peer;  // names of measurements
    std::string peer_name;   // as it is shown
    std::string unit = "ns";
    double limit = -1;  // the largest allowed; below 0: shown, not judged
    limit_of limits = limit_of::ratio;
    double known = -1;  // where the limit is known to be missed: by how much at most
};

class table {
public:
    void add(row r) { rows_.push_back(std::move(r)); }

    // Keeps a number of a measurement; one of a disturbed round only as having been.
    void keep(std::string const& measurement, double number, bool quiet);

    // The measured rows in Markdown, aligned so that it also reads well on a terminal.
    [[nodiscard]] std::string markdown() const;

    // Rows of which this is the verdict: `ok`, `short` of their limit, `behind` it by no more than is known, or
    // `noisy`, not quiet enough to tell.
    [[nodiscard]] std::vector<std::string> having(std::string_view verdict) const;

private:
    [[nodiscard]] samples const* find(std::string const& measurement) const;
    [[nodiscard]] std::string verdict(row const& r) const;

    std::vector<row> rows_;
    std::map<std::string, samples> samples_;
};

// Puts `text` between `<!-- bench -->` and `<!-- /bench -->` in a file; without a text only looks whether it could.
// Returns why it could not; empty when it could.
[[nodiscard]] std::string replace_between_markers(std::string const& path, std::optional<std::string_view> text);

// `AMD EPYC, 2 processors; g++ 12.2.0; 2026-08-01`
[[nodiscard]] std::string where_and_when();

}  // namespace bench
