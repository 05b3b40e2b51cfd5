// SPDX-License-Identifier: MIT
// Shows the service at work: mixed requests, then what is scraped, what was pushed, and both side by side.
#pragma once

#include "json.hpp"
#include "otlp_receiver.hpp"

#include <tacho/tacho.hpp>

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ogx {

using samples = std::map<std::string, std::string>;  // `name{a="1"}` -> value, as it was written

inline void send_requests(int port) {
    httplib::Client client{"127.0.0.1", port};
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    httplib::Headers const token{{"Authorization", "Bearer secret"}};
    auto const get = [&](char const* path) { client.Get(path, token); };
    auto const post = [&](char const* path, char const* body) { client.Post(path, token, body, "application/json"); };
    for (int i = 0; i < 25; ++i) {
        get("/v1/health");
        get("/v1/models");
        get("/v1/models/tiny");
        get(i % 5 == 0 ? "/v1/models/huge" : "/v1/version");
        post("/v1/chat/completions", i % 2 == 0 ? R"({"stream":true})" : R"({"stream":false})");
        post("/v1/vector-io/insert", "{}");
        post(i % 3 == 0 ? "/v1/vector-io/query" : "/v1/vector-io/query?mode=hybrid", "{}");
        post("/v1/tool-runtime/invoke", "{}");
        post("/v1/responses", R"({"temperature":1,"tools":[]})");
    }
    for (char const* const operation : {"delete", "create", "attach", "unheard-of"})
        post((std::string{"/v1/vector-io/"} + operation).c_str(), "{}");
    get("/v1/fail");
    get("/v1/not-there");
    client.Get("/v1/models");  // without a token: 401
}

inline samples read_scrape(std::string const& text) {
    samples out;
    for (std::size_t at = 0; at < text.size();) {
        auto const end = text.find('\n', at);
        auto const line = text.substr(at, end - at);
        at = end + 1;
        if (line.empty() || line[0] == '#' || line.starts_with("target_info")) continue;
        auto const space = line.rfind(' ');
        out[line.substr(0, space)] = line.substr(space + 1);
    }
    return out;
}

// The labels of a point as Prometheus writes them; `le` is a bucket's bound.
inline std::string series_name(std::string const& name, json_value const& point, std::string const& le = {}) {
    std::map<std::string, std::string> labels;
    for (auto const& a : point["attributes"].items) {
        auto const& value = a["value"];
        labels[std::string{tacho::prometheus_label_name(a["key"].text).view()}] =
            value.has("stringValue") ? value["stringValue"].text
            : value.has("intValue")  ? value["intValue"].text
                                     : value["boolValue"].text;
    }
    std::string out;
    for (auto const& [key, value] : labels) out += (out.empty() ? "" : ",") + key + "=\"" + value + "\"";
    if (!le.empty()) out += (out.empty() ? "le=\"" : ",le=\"") + le + "\"";
    return out.empty() ? name : name + "{" + out + "}";
}

inline samples read_push(std::string const& body) {
    samples out;
    auto const request = json_reader::read(body);
    for (auto const& from : request["resourceMetrics"].items)
        for (auto const& scope : from["scopeMetrics"].items)
            for (auto const& metric : scope["metrics"].items) {
                using kind = tacho::instrument_kind;
                bool const counter = metric["sum"]["isMonotonic"].text == "true";
                std::string const name{tacho::prometheus_name(metric["name"].text, metric["unit"].text,
                                                              counter ? kind::counter : kind::gauge)
                                           .view()};
                for (auto const& data : {metric["sum"], metric["gauge"]})
                    for (auto const& point : data["dataPoints"].items)
                        out[series_name(name, point)] = point[point.has("asInt") ? "asInt" : "asDouble"].text;
                for (auto const& point : metric["histogram"]["dataPoints"].items) {
                    unsigned long long up_to = 0;  // OTLP counts each bucket alone, Prometheus all up to its bound
                    auto const& bounds = point["explicitBounds"].items;
                    for (std::size_t i = 0; i < point["bucketCounts"].items.size(); ++i) {
                        up_to += std::strtoull(point["bucketCounts"].items[i].text.c_str(), nullptr, 10);
                        auto const le = i < bounds.size() ? bounds[i].text : "+Inf";
                        out[series_name(name + "_bucket", point, le)] = std::to_string(up_to);
                    }
                    out[series_name(name + "_sum", point)] = point["sum"].text;
                    out[series_name(name + "_count", point)] = point["count"].text;
                }
            }
    return out;
}

// Of a page its first lines, unless it is to be shown whole.
inline std::string first_lines(std::string_view page, std::size_t most, bool whole) {
    std::size_t end = 0, lines = 0;
    for (; !whole && lines < most && end < page.size(); ++lines) end = page.find('\n', end) + 1;
    if (whole || end >= page.size()) return std::string{page};
    auto const more = std::count(page.begin() + static_cast<std::ptrdiff_t>(end), page.end(), '\n');
    return fmt::format("{}... and {} lines more\n", page.substr(0, end), more);
}

// Of a line its beginning.
inline std::string beginning(std::string_view line, std::size_t most, bool whole) {
    if (whole || line.size() <= most) return std::string{line};
    return fmt::format("{}... and {} bytes more", line.substr(0, most), line.size() - most);
}

// All are compared; of those that are equal some are shown, and no buckets, unless all are to be.
inline int print_side_by_side(samples const& scraped, samples const& pushed, bool whole) {
    int different = 0, left = whole ? static_cast<int>(scraped.size() + pushed.size()) : 16;
    fmt::print("{:<118} {:>12} {:>12}\n", "series", "scrape", "push");
    auto all = scraped;
    all.insert(pushed.begin(), pushed.end());
    for (auto const& [name, unused] : all) {
        auto const s = scraped.find(name), p = pushed.find(name);
        auto const& in_page = s == scraped.end() ? "-" : s->second;
        auto const& in_push = p == pushed.end() ? "-" : p->second;
        bool const equal = in_page == in_push;
        different += equal ? 0 : 1;
        if (equal && !whole && (name.find("_bucket{") != name.npos || left-- <= 0)) continue;
        fmt::print("{:<118} {:>12} {:>12} {}\n", name, in_page, in_push, equal ? "equal" : "DIFFERENT");
    }
    if (!whole) fmt::print("... and buckets and others, which --whole shows\n");
    fmt::print("\n{} series, {} different\n", all.size(), different);
    return different == 0 ? 0 : 1;
}

/// Returns the exit code: 0 when both ways out carry the same numbers.
inline int tour(int port, tacho::telemetry& telemetry, std::optional<otlp_receiver> const& receiver, bool whole) {
    send_requests(port);
    if (!telemetry.flush()) std::fputs("the push was not accepted\n", stderr);
    httplib::Client client{"127.0.0.1", port};
    auto const scraped = client.Get("/v1/metrics");
    if (!scraped || scraped->status != 200) {
        fmt::print("{}the API's /v1/metrics is not enabled; leave the environment as it is to see the tour\n",
                   telemetry.report().text());
        return 1;
    }
    fmt::print("---- GET /v1/metrics: {}\n{}\n", scraped->get_header_value("Content-Type"),
               first_lines(scraped->body, 16, whole));
    if (!receiver) {
        fmt::print("{}what was pushed is shown when the environment names no receiver\n", telemetry.report().text());
        return 0;
    }
    auto const pushed = receiver->last();
    fmt::print("---- POST {}: application/json\n{}\n\n---- both, side by side\n", receiver->url(),
               beginning(pushed, 1000, whole));
    return print_side_by_side(read_scrape(scraped->body), read_push(pushed), whole);
}

}  // namespace ogx
