// SPDX-License-Identifier: MIT
// The routes of the reference service: small, but each drives some of its instruments.
#pragma once

#include "metrics.hpp"

#include <tacho/adapter/httplib.hpp>
#include <tacho/tacho.hpp>

#include <httplib.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace ogx {

class server {
public:
    server(metrics& m, tacho::telemetry const& telemetry, std::string token)
        : metrics_(m), token_(std::move(token)), bearer_("Bearer " + token_) {
        // Which handler a path belongs to. It names the series; the path itself, which clients choose, never does.
        auto const name = [this](char const* verb, char const* pattern, char const* api, char const* method) {
            if (auto const added = routes_.add(verb, pattern, {api, method}); !added)
                throw std::logic_error(added.message());  // a mistake in this file
        };
        name("GET", "/v1/health", "inspect", "health");
        name("GET", "/v1/version", "inspect", "version");
        name("GET", "/v1/models", "models", "list_models");
        name("GET", "/v1/models/{id}", "models", "get_model");
        name("POST", "/v1/chat/completions", "inference", "chat_completion");
        name("POST", "/v1/vector-io/{operation}", "vector_io", "vector_operation");
        name("POST", "/v1/tool-runtime/invoke", "tool_runtime", "invoke_tool");
        name("POST", "/v1/responses", "responses", "create_response");
        name("GET", "/v1/fail", "inspect", "fail");
        name("GET", "/v1/hold", "inspect", "hold");
        name("POST", "/v1/release", "inspect", "release");

        // One line measures every request. What should happen before each handler, here the check of the token, runs
        // inside the measurement, so that a 401 is counted too.
        tacho::measure(http_, metrics_.server, routes_, excluded_,
                       [this](auto const& in, auto& out) { return authorize(in, out); });

        http_.set_tcp_nodelay(true);  // small answers leave at once
        // What was thrown is for the log, not for the client.
        http_.set_exception_handler([](auto const&, auto& out, auto&&) {
            out.status = 500;
            out.set_content(R"({"error":{"message":"Internal error"}})", json);
        });
        tacho::mount(http_, "/v1/metrics", telemetry.endpoint());  // answers 404 while scrapes are not enabled
        add_routes();
    }

    /// Binds to a port, 0 for any, and returns the one it got; -1 when it can't be had.
    int bind(int port) {
        if (port == 0) return http_.bind_to_any_port("127.0.0.1");
        return http_.bind_to_port("127.0.0.1", port) ? port : -1;
    }
    void run() {
        http_.listen_after_bind();
        ended_ = true;
    }
    void stop() {
        released_ = true;
        while (!http_.is_running() && !ended_) std::this_thread::yield();  // before that, stop() has no effect
        http_.stop();
    }

private:
    using request = httplib::Request;
    using response = httplib::Response;
    static constexpr auto json = "application/json";

    // Exactly these paths are public: a trailing slash makes another path.
    httplib::Server::HandlerResponse authorize(request const& in, response& out) const {
        constexpr std::array<std::string_view, 3> open{"/v1/metrics", "/v1/health", "/v1/version"};
        for (auto const path : open)
            if (in.path == path) return httplib::Server::HandlerResponse::Unhandled;
        if (in.get_header_value("Authorization") == bearer_) return httplib::Server::HandlerResponse::Unhandled;
        out.status = 401;
        out.set_content(R"({"error":{"message":"Authentication required"}})", json);
        return httplib::Server::HandlerResponse::Handled;
    }

    void add_routes() {
        http_.Get("/v1/health", [](auto&, auto& out) { out.set_content(R"({"status":"OK"})", json); });
        http_.Get("/v1/version", [](auto&, auto& out) {
            out.set_content(std::string{R"({"version":")"} + tacho::version + "\"}", json);
        });
        http_.Get("/v1/models", [](auto&, auto& out) { out.set_content(R"({"data":[{"id":"tiny"}]})", json); });
        http_.Get("/v1/models/([^/]+)", [](request const& in, response& out) {
            bool const known = in.matches[1] == "tiny";
            out.status = known ? 200 : 404;
            out.set_content(known ? R"({"id":"tiny"})" : R"({"error":{"message":"No such model"}})", json);
        });
        http_.Post("/v1/chat/completions", [this](request const& in, response& out) { chat(in, out); });
        http_.Post("/v1/vector-io/([^/]+)", [this](request const& in, response& out) { vector_io(in, out); });
        http_.Post("/v1/tool-runtime/invoke", [this](auto&, auto& out) {
            // A timer records when it ends, however the handler is left.
            auto const timing = metrics_.tool_runtime.duration("search", "web_search", "local", status::success).time();
            metrics_.tool_runtime.invocations("search", "web_search", "local", status::success).inc();
            out.set_content(R"({"content":"found"})", json);
        });
        http_.Post("/v1/responses", [this](request const& in, response& out) {
            for (auto const* parameter : {"temperature", "tools", "max_output_tokens"})
                if (in.body.find(parameter) != std::string::npos)
                    metrics_.responses.parameter_usage("create_response", parameter).inc();
            out.set_content(R"({"id":"resp-1"})", json);
        });
        // A handler that throws: the client gets a 500, and a 500 is what is counted.
        http_.Get("/v1/fail", [](auto&, auto&) { throw std::runtime_error("as asked"); });
        // Stays in flight until it is released or its client has left.
        http_.Get("/v1/hold", [this](auto&, auto& out) {
            out.set_chunked_content_provider("text/plain", [this](std::size_t, httplib::DataSink& to) {
                while (!released_ && to.is_writable()) std::this_thread::sleep_for(std::chrono::milliseconds{5});
                if (!released_) return false;
                to.write("released\n", 9);
                to.done();
                return true;
            });
        });
        http_.Post("/v1/release", [this](auto&, auto& out) {
            released_ = true;
            out.set_content("{}", json);
        });
    }

    void chat(request const& in, response& out) {
        bool const stream = in.body.find("\"stream\":true") != std::string::npos;
        auto& m = metrics_.inference;
        auto timing = m.duration("tiny", "local", stream, status::success).time();
        if (!stream) {
            m.tokens_per_second("tiny", "local", stream, status::success).observe(42);
            out.set_content(R"({"choices":[{"message":{"content":"Hello"}}]})", json);
            return;
        }
        // The timer moves into the stream, and so records when the last byte has been sent.
        auto const running = std::make_shared<decltype(timing)>(std::move(timing));
        out.set_chunked_content_provider("text/event-stream", [this, running, n = 0](std::size_t, auto& to) mutable {
            if (n == 0)
                metrics_.inference.time_to_first_token("tiny", "local", true, status::success)
                    .observe(running->elapsed());
            constexpr std::string_view chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
            if (!to.write(chunk.data(), chunk.size())) return false;
            if (++n == 3) {
                to.write("data: [DONE]\n\n", 14);
                metrics_.inference.tokens_per_second("tiny", "local", true, status::success)
                    .observe(3 / running->elapsed());
                to.done();
            }
            return true;
        });
    }

    void vector_io(request const& in, response& out) {
        auto const operation = in.matches[1].str();
        auto& m = metrics_.vector_io;
        if (operation == "insert") {
            auto const timing = m.insert_duration("docs", operation, "local").time();
            m.inserts("docs", operation, "local", status::success).inc();
            m.chunks_processed("docs", operation, "local").inc(3);
        } else if (operation == "query") {
            // A label that is optional: without it the series has no `search_mode` at all.
            maybe mode;
            if (in.has_param("mode")) mode = in.params.find("mode")->second;
            auto const timing = m.retrieval_duration("docs", operation, "local", mode).time();
            m.queries("docs", operation, "local", mode, status::success).inc();
        } else if (operation == "delete") {
            m.deletes("docs", operation, "local", status::success).inc();
        } else if (operation == "create") {
            m.stores("local", operation).inc();
        } else if (operation == "attach") {
            m.files("docs", operation, "local", status::error).inc();
        } else {
            out.status = 400;
            out.set_content(R"({"error":{"message":"Unknown operation"}})", json);
            return;
        }
        out.set_content("{}", json);
    }

    metrics& metrics_;
    std::string token_, bearer_;
    tacho::http::route_table<> routes_;
    // Neither scrapes nor documentation are counted.
    tacho::http::excluded_paths excluded_{
        {"/docs", "/redoc", "/openapi.json", "/favicon.ico", "/static", "/v1/metrics"}};
    std::atomic<bool> released_{false}, ended_{false};
    httplib::Server http_;  // last: its threads use all above
};

}  // namespace ogx
