// SPDX-License-Identifier: MIT
// The program that loads plug-ins, uses them, unloads them, and goes on: `host <export|no-export> <plug-in>...`.
#include "plugin.hpp"

#include "tacho/tacho.hpp"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace {

int failures = 0;

void expect(bool holds, std::string_view what, std::string_view plugin) {
    if (holds) return;
    ++failures;
    std::fprintf(stderr, "FAILED: %.*s (%.*s)\n", static_cast<int>(what.size()), what.data(),
                 static_cast<int>(plugin.size()), plugin.data());
}

std::string page_of(tacho::endpoint& from) {
    auto const answer = from.respond({});
    return std::string{answer.body()};
}

bool is_loaded(char const* path) {
    void* const known = ::dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (known != nullptr) ::dlclose(known);
    return known != nullptr;
}

// g++ keeps a library in memory that brings a template's variable which others can see (STB_GNU_UNIQUE).
bool may_stay(std::string_view path) {
    return path.find("plugin_visible") != path.npos;
}

void give_up(char const* why) {
    std::fprintf(stderr, "FAILED: %s\n", why);
    std::exit(1);
}

struct loaded {
    loaded(char const* path, int scope) : handle{::dlopen(path, RTLD_NOW | scope)} {
        if (handle == nullptr) give_up(::dlerror());
        functions = reinterpret_cast<find_functions*>(::dlsym(handle, "plugin"))();
    }
    void unload() { ::dlclose(handle); }

    void* handle;
    plugin_functions const* functions;
};

// What a program may do after it has unloaded a plug-in. All that lives in the registry was touched by the plug-in.
struct host {
    tacho::registry registry;
    tacho::counter<"host.hits", tacho::label<"by">> hits{registry};
    tacho::endpoint scrapes{registry};
    tacho::memory_transport sent;
    tacho::pusher<tacho::memory_transport> pusher{
        registry, {.interval = std::chrono::hours{1}, .temporality = tacho::temporality_preference::delta}, sent};

    // Families that the plug-in registered last until this collection, since the pusher has not sent their last values.
    void push() {
        if (!pusher.flush()) give_up("a push after the plug-in was unloaded");
    }
    void go_on() {
        hits("host").inc();
        std::thread{[&] { hits("another thread").inc(); }}.join();
        { tacho::counter<"host.later"> later{registry}; }
        for (int i = 0; i < 200; ++i) {
            hits(std::to_string(i)).inc();
            static_cast<void>(hits.remove(std::to_string(i)));
        }
        static_cast<void>(page_of(scrapes));
        static_cast<void>(registry.snapshot());
        push();
    }
};

bool has(std::string_view text, std::string_view what) {
    return text.find(what) != text.npos;
}

// Loads, records, unloads and goes on. What the snapshot holds outlives the plug-in.
void use(host& in, char const* path, int scope, bool stops_first) {
    loaded plugin{path, scope};
    plugin.functions->start(in.registry);
    plugin.functions->record();
    std::thread{plugin.functions->record}.join();

    auto const page = page_of(in.scrapes);
    expect(has(page, "plugin_hits_total{by=\"looked up\",otel_scope_name=\"plug-in\",otel_scope_version=\"1\"} 2\n"),
           "two threads' hits are on the host's page", path);
    expect(has(page, "plugin_hits_total{by=\"held\",otel_scope_name=\"plug-in\",otel_scope_version=\"1\"} 2\n"),
           "so are those of a handle", path);
    expect(has(page, "plugin_seen{otel_scope_name=\"plug-in\",otel_scope_version=\"1\"} 2\n"),
           "an observable of the plug-in is called", path);

    auto const kept = in.registry.snapshot();
    if (stops_first) plugin.functions->stop();
    plugin.unload();
    // Where g++ keeps it, its instruments end with the program.
    expect(!is_loaded(path) || may_stay(path), "the plug-in is gone from memory", path);

    expect(!has(page_of(in.scrapes), "plugin_"), "so are its instruments", path);
    in.push();
    expect(has(in.sent.requests().back().body, R"("plugin.hits")"), "its last values are pushed", path);
    in.go_on();
    expect(!has(in.sent.requests().back().body, R"("plugin.hits")"), "once", path);
}

// The handlers of fork() are the host's, though the plug-in may have been the first to need them.
void forks(char const* path) {
    auto const child = ::fork();
    if (child == 0) {
        tacho::after_fork_in_child();
        tacho::counter<"host.child"> hits{"in a child"};
        hits.inc();
        ::_exit(0);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    expect(status == 0, "a child goes on", path);
}

// The plug-in comes to the default registry first, and makes it.
void use_default(char const* path) {
    loaded plugin{path, RTLD_LOCAL};
    plugin.functions->start(plugin.functions->default_registry());
    plugin.functions->record();
    plugin.functions->stop();
    plugin.unload();
    tacho::counter<"host.default"> hits{"in the default registry"};
    hits.inc();
    tacho::endpoint scrapes{tacho::default_registry()};
    auto const page = page_of(scrapes);
    expect(has(page, "host_default_total 1\n") && !has(page, "plugin_"), "the default registry is the host's", path);
    forks(path);
}

void exported(char const* path) {
    for (int const scope : {RTLD_LOCAL, RTLD_GLOBAL}) {
        host in;
        for (int i = 0; i < 4; ++i) use(in, path, scope, i % 2 == 0 || may_stay(path));
        expect(page_of(in.scrapes).find("host_hits_total{by=\"host\"} 4\n") != std::string::npos,
               "the host's own counts are whole", path);
    }
}

// Here the plug-in has slots, epochs and arenas of its own, and must not touch the host's numbers.
void not_exported(char const* path) {
    host in;
    for (int i = 0; i < 3; ++i) {
        loaded plugin{path, RTLD_LOCAL};
        plugin.functions->start(in.registry);
        plugin.functions->record();
        std::thread{plugin.functions->record}.join();
        expect(!has(page_of(in.scrapes), "plugin_"), "a plug-in with variables of its own is refused", path);
        if (i % 2 == 0) plugin.functions->stop();
        plugin.unload();
        in.go_on();
    }
    expect(has(page_of(in.scrapes), "host_hits_total{by=\"host\"} 3\n"), "the host's own counts are whole", path);
}

}  // namespace

int main(int count, char** arguments) {
    tacho::set_error_hook(nullptr);  // the plug-in's exponential histogram is left out of scrapes
    if (count > 2 && std::string_view{arguments[1]} == "export") use_default(arguments[2]);
    for (int i = 2; i < count; ++i) {
        if (std::string_view{arguments[1]} == "export")
            exported(arguments[i]);
        else
            not_exported(arguments[i]);
    }
    if (failures == 0) std::puts("passed");
    return failures == 0 ? 0 : 1;
}
