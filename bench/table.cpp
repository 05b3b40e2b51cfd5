// SPDX-License-Identifier: MIT
// The table: verdicts, Markdown, and its place in a page.
#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>
#include <tuple>

namespace bench {

namespace {

std::string shown(double number) {
    if (number == 0) return "0";
    return fmt::format("{:.{}f}", number, number < 10 ? 2 : number < 1000 ? 1 : 0);
}

std::string shown_ratio(double ratio) {
    return fmt::format("{:.{}f}", ratio, ratio < 0.1 ? 4 : 2);
}

double ratio_of(samples const& ours, samples const& peer) {
    return ours.median() / peer.median();
}

}  // namespace

double samples::median() const {
    if (kept.empty()) return std::numeric_limits<double>::quiet_NaN();
    auto sorted = kept;
    std::sort(sorted.begin(), sorted.end());
    auto const middle = sorted.size() / 2;
    return sorted.size() % 2 != 0 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

void table::keep(std::string const& measurement, double number, bool quiet) {
    auto& s = samples_[measurement];
    if (quiet)
        s.kept.push_back(number);
    else
        ++s.disturbed;
}

samples const* table::find(std::string const& measurement) const {
    auto const at = samples_.find(measurement);
    return at == samples_.end() ? nullptr : &at->second;
}

// Empty for a row without limit; `-` for one that was not measured, as when only some benchmarks are asked for.
std::string table::verdict(row const& r) const {
    auto const* const ours = find(r.ours);
    auto const* const peer = find(r.peer);
    if (ours == nullptr || peer == nullptr) return "-";
    if (ours->is_noisy() || peer->is_noisy()) return "noisy";
    if (r.limit < 0) return "";
    double const reached = r.limits == limit_of::amount ? ours->median() : ratio_of(*ours, *peer);
    return reached <= r.limit ? "ok" : reached <= r.known ? "behind" : "short";
}

std::vector<std::string> table::having(std::string_view wanted) const {
    std::vector<std::string> found;
    for (auto const& r : rows_)
        if (verdict(r) == wanted) found.push_back(fmt::format("{} against {}", r.what, r.peer_name));
    return found;
}

std::string table::markdown() const {
    using line = std::array<std::string, 7>;
    std::vector<line> lines{{"", "tacho", "peer", "which is", "ratio", "limit", ""}};
    for (auto const& r : rows_) {
        auto const said = verdict(r);
        if (said == "-") continue;
        auto const& ours = *find(r.ours);
        auto const& peer = *find(r.peer);
        auto const unit = r.unit.empty() ? "" : " " + r.unit;
        auto const number = [&](samples const& s) { return s.kept.empty() ? "" : shown(s.median()) + unit; };
        bool const has_ratio = r.limits == limit_of::ratio && !ours.kept.empty() && !peer.kept.empty();
        lines.push_back(
            {r.what, number(ours), number(peer), r.peer_name, has_ratio ? shown_ratio(ratio_of(ours, peer)) : "",
             r.limit < 0 ? "" : fmt::format("{}{}", r.limit, r.limits == limit_of::amount ? unit : ""), said});
    }
    std::array<std::size_t, std::tuple_size_v<line>> width{};
    for (auto const& l : lines)
        for (std::size_t i = 0; i < l.size(); ++i) width[i] = std::max({width[i], l[i].size(), std::size_t{3}});

    constexpr std::array<bool, std::tuple_size_v<line>> to_the_right{false, true, true, false, true, true, false};
    std::string text;
    auto const write = [&](line const& l) {
        for (std::size_t i = 0; i < l.size(); ++i)
            text +=
                to_the_right[i] ? fmt::format("| {:>{}} ", l[i], width[i]) : fmt::format("| {:<{}} ", l[i], width[i]);
        text += "|\n";
    };
    write(lines.front());
    for (std::size_t i = 0; i < width.size(); ++i)
        text += fmt::format("|{:-<{}}{}", "", width[i] + 1, to_the_right[i] ? ":" : "-");
    text += "|\n";
    for (std::size_t i = 1; i < lines.size(); ++i) write(lines[i]);
    return text;
}

std::string replace_between_markers(std::string const& path, std::optional<std::string_view> text) {
    constexpr std::string_view begin = "<!-- bench -->", end = "<!-- /bench -->";
    std::ifstream in{path, std::ios::binary};
    if (!in) return fmt::format("there is no {} in this folder to put the table into", path);
    std::ostringstream all;
    all << in.rdbuf();
    auto page = std::move(all).str();
    auto const from = page.find(begin);
    auto const to = page.find(end);
    if (from == std::string::npos || to == std::string::npos || to < from)
        return fmt::format("{} has no lines {} and {}; put them where the table should be", path, begin, end);
    if (!text) return {};
    page.replace(from + begin.size(), to - from - begin.size(), fmt::format("\n{}", *text));
    std::ofstream out{path, std::ios::binary | std::ios::trunc};
    out << page;
    out.close();
    return out ? std::string{} : fmt::format("can't write {}", path);
}

std::string where_and_when() {
    std::string machine = "unknown processor";
    std::ifstream info{"/proc/cpuinfo"};
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("model name")) {
            machine = line.substr(line.find(':') + 2);
            break;
        }
#if defined(__clang__)
    auto const compiler = fmt::format("clang++ {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    auto const compiler = fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
    std::time_t const now = std::time(nullptr);
    std::array<char, 16> date{};
    std::strftime(date.data(), date.size(), "%Y-%m-%d", std::gmtime(&now));
    return fmt::format("{}, {} processors; {}; {}", machine, std::thread::hardware_concurrency(), compiler,
                       date.data());
}

}  // namespace bench
