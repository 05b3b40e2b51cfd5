// SPDX-License-Identifier: MIT
// For tests: reads JSON as RFC 8259 has it, and refuses what many readers let pass: keys that are there twice, texts
// that are no UTF-8, control characters, halves of surrogates, numbers that begin with 0 or +.
#pragma once

#include "support/malformed.hpp"
#include "tacho/core/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

struct json {
    enum class is { null, yes, no, number, text, list, object } what = is::null;
    std::string text;  // of a number: its digits
    std::vector<json> items;
    std::map<std::string, json> members;

    // A member; fails when there is none.
    json const& operator[](std::string const& key) const {
        auto const at = members.find(key);
        if (at == members.end()) refuse("there is no " + key);
        return at->second;
    }
    [[nodiscard]] bool has(std::string const& key) const { return members.contains(key); }
    // The text of a member; empty when there is none.
    [[nodiscard]] std::string text_of(std::string const& key) const { return has(key) ? (*this)[key].text : ""; }
};

class json_reader {
public:
    static json read(std::string_view text) {
        json_reader reader{text};
        auto all = reader.value();
        reader.blanks();
        need(reader.rest_.empty(), "text behind its end");
        return all;
    }

private:
    explicit json_reader(std::string_view text) : rest_(text) { need(tacho::is_valid_utf8(text), "it is not UTF-8"); }

    static void need(bool holds, std::string const& what) {
        if (!holds) refuse("no JSON: " + what);
    }

    void blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r"), rest_.size())); }
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    json value() {
        blanks();
        json out;
        if (take("{")) {
            out.what = json::is::object;
            return members(std::move(out));
        }
        if (take("[")) {
            out.what = json::is::list;
            return items(std::move(out));
        }
        if (rest_.starts_with('"')) {
            out.what = json::is::text;
            out.text = in_quotes();
            return out;
        }
        if (take("true")) {
            out.what = json::is::yes;
            return out;
        }
        if (take("false")) {
            out.what = json::is::no;
            return out;
        }
        if (take("null")) return out;
        out.what = json::is::number;
        out.text = number();
        return out;
    }

    json members(json out) {
        blanks();
        if (take("}")) return out;
        do {
            blanks();
            need(rest_.starts_with('"'), "a member without a name");
            auto key = in_quotes();
            blanks();
            need(take(":"), "a member without a value");
            auto const [at, added] = out.members.emplace(std::move(key), value());
            need(added, "a member twice: " + at->first);
            blanks();
        } while (take(","));
        need(take("}"), "an object without an end");
        return out;
    }

    json items(json out) {
        blanks();
        if (take("]")) return out;
        do {
            out.items.push_back(value());
            blanks();
        } while (take(","));
        need(take("]"), "a list without an end");
        return out;
    }

    std::string number() {
        auto const all = rest_;
        auto const digits = [&](std::string_view what) {
            auto const size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
            need(size != 0, "a number " + std::string{what});
            rest_.remove_prefix(size);
        };
        take("-");
        if (!take("0")) digits("without digits");
        if (take(".")) digits("that ends with its point");
        if (take("e") || take("E")) {
            if (!take("+")) take("-");
            digits("without an exponent");
        }
        return std::string{all.substr(0, all.size() - rest_.size())};
    }

    std::string in_quotes() {
        std::string out;
        rest_.remove_prefix(1);
        for (;;) {
            need(!rest_.empty(), "a text without an end");
            char const c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') return out;
            need(static_cast<unsigned char>(c) >= 0x20, "a control character");
            out += c != '\\' ? std::string{c} : escape();
        }
    }

    std::string escape() {
        need(!rest_.empty(), "a text without an end");
        char const c = rest_.front();
        rest_.remove_prefix(1);
        static constexpr std::string_view known = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
        if (auto const at = known.find(c); at != known.npos) return std::string{meant[at]};
        need(c == 'u', "an unknown escape");
        auto code = four_digits();
        need(code < 0xDC00 || code > 0xDFFF, "half of a surrogate");
        if (code >= 0xD800 && code <= 0xDBFF) {
            need(take("\\u"), "half of a surrogate");
            auto const low = four_digits();
            need(low >= 0xDC00 && low <= 0xDFFF, "half of a surrogate");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        std::string out;
        auto const more = [&](unsigned shift) { out += static_cast<char>(0x80u | (code >> shift & 0x3Fu)); };
        if (code < 0x80) {
            out += static_cast<char>(code);
        } else if (code < 0x800) {
            out += static_cast<char>(0xC0u | code >> 6);
            more(0);
        } else if (code < 0x10000) {
            out += static_cast<char>(0xE0u | code >> 12);
            more(6);
            more(0);
        } else {
            out += static_cast<char>(0xF0u | code >> 18);
            more(12);
            more(6);
            more(0);
        }
        return out;
    }

    unsigned four_digits() {
        unsigned code = 0;
        need(rest_.size() >= 4, "an escape without four digits");
        auto const [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
        need(error == std::errc{} && end == rest_.data() + 4, "an escape without four digits");
        rest_.remove_prefix(4);
        return code;
    }

    std::string_view rest_;
};

}  // namespace test
