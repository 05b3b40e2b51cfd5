// SPDX-License-Identifier: MIT
// Just enough of a JSON reader to look into an OTLP request.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ogx {

struct json_value {
    std::string text;  // of a string, a number or a word
    std::vector<json_value> items;
    std::map<std::string, json_value> members;

    json_value const& operator[](std::string const& name) const {
        static json_value const none;
        auto const at = members.find(name);
        return at == members.end() ? none : at->second;
    }
    bool has(std::string const& name) const { return members.count(name) != 0; }
};

class json_reader {
public:
    static json_value read(std::string_view text) {
        json_reader in{text};
        auto value = in.value();
        in.blank();
        if (!in.rest_.empty()) throw std::runtime_error("text after the JSON value");
        return value;
    }

private:
    explicit json_reader(std::string_view text) : rest_(text) {}

    void blank() {
        auto const at = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
    }
    bool take(char c) {
        blank();
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!take(c)) throw std::runtime_error(std::string{"JSON: expected "} + c);
    }

    json_value value() {
        json_value out;
        blank();
        if (take('{')) {
            while (!take('}')) {
                auto name = string();
                expect(':');
                out.members.emplace(std::move(name), value());
                take(',');
            }
        } else if (take('[')) {
            while (!take(']')) {
                out.items.push_back(value());
                take(',');
            }
        } else if (rest_.starts_with('"')) {
            out.text = string();
        } else {
            auto const end = rest_.find_first_of(",]} \t\r\n");
            if (end == 0 || rest_.empty()) throw std::runtime_error("JSON: expected a value");
            out.text = rest_.substr(0, end);
            rest_.remove_prefix(out.text.size());
        }
        return out;
    }

    std::string string() {
        expect('"');
        std::string out;
        while (!rest_.empty() && rest_.front() != '"') {
            if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);  // enough for what is shown here
            out += rest_.front();
            rest_.remove_prefix(1);
        }
        expect('"');
        return out;
    }

    std::string_view rest_;
};

}  // namespace ogx
