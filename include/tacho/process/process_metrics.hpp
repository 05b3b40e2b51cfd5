// SPDX-License-Identifier: MIT
// tacho: the process as metrics, by the names that all of Prometheus' clients use: processor time, memory, files,
// threads. Rule: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/unit.hpp"
#include "tacho/instrument/observable.hpp"
#include "tacho/instrument/observation.hpp"
#include "tacho/process/process_facts.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <memory>
#include <optional>

namespace tacho::inline TACHO_ABI {

/// Shows in a registry, while it lives, what the system tells of this process: `tacho::process_metrics own{registry};`.
/// They are process_cpu_seconds_total, of all its threads and of the ended ones; process_start_time_seconds, since
/// 1970; process_virtual_memory_bytes, process_virtual_memory_max_bytes and process_resident_memory_bytes;
/// process_open_fds and process_max_fds; and process_threads. What the system can't tell isn't shown: without Linux's
/// /proc, there are processor time and the two limits. An unlimited limit is shown as 1.8446744073709552e+19, as by
/// Go's client. process_heap_bytes isn't shown, since no system tells it whatever the program allocates with.
///
/// OTLP shows the names that these come from: `process.cpu` in `s`, `process.open_fds`, `process.resident_memory` in
/// `By` and so on. OpenTelemetry's own names, such as process.cpu.time, would give other ones in Prometheus.
///
/// A collection makes some ten system calls and allocates nothing. In a child of fork() it shows the child. Several in
/// one registry show the same once.
class process_metrics {
public:
    process_metrics();
    /// In a scope of its own, each series also names that scope; dashboards mind the names alone.
    explicit process_metrics(scope const& in);
    process_metrics(process_metrics const&) = delete;
    process_metrics& operator=(process_metrics const&) = delete;

    ~process_metrics();

private:
    struct instruments;  // known where they are used: each file that includes this would take longer to compile

    std::unique_ptr<instruments> instruments_;
};

#if TACHO_BODIES

struct process_metrics::instruments {
    explicit instruments(scope const& in);

    void collect(observer& observe) const;

    // Asked once: it moves when the system's clock is set, and the start time would look like that of another process.
    std::optional<double> const booted = detail::boot_time();

    observable_counter<"process.cpu", unit::seconds, double> cpu;
    observable_gauge<"process.start_time", unit::seconds> start;
    observable_gauge<"process.virtual_memory", unit::bytes> virtual_size;
    observable_gauge<"process.virtual_memory_max", unit::bytes> virtual_max;
    observable_gauge<"process.resident_memory", unit::bytes> resident;
    observable_gauge<"process.open_fds"> open;
    observable_gauge<"process.max_fds"> open_max;
    observable_gauge<"process.threads"> threads;
    observation all;  // ends first
};

TACHO_FUNCTION process_metrics::process_metrics() : process_metrics(default_registry()) {}

TACHO_FUNCTION process_metrics::process_metrics(scope const& in) : instruments_(std::make_unique<instruments>(in)) {}

TACHO_FUNCTION process_metrics::~process_metrics() = default;

TACHO_FUNCTION process_metrics::instruments::instruments(scope const& in)
    : cpu{in, "Total user and system CPU time spent in seconds"},
      start{in, "Start time of the process since unix epoch in seconds"},
      virtual_size{in, "Virtual memory size in bytes"},
      virtual_max{in, "Maximum amount of virtual memory available in bytes"},
      resident{in, "Resident memory size in bytes"},
      open{in, "Number of open file descriptors"},
      open_max{in, "Maximum number of open file descriptors"},
      threads{in, "Number of OS threads in the process"},
      all{[this](observer& observe) { collect(observe); },
          cpu,
          start,
          virtual_size,
          virtual_max,
          resident,
          open,
          open_max,
          threads} {}

TACHO_FUNCTION void process_metrics::instruments::collect(observer& observe) const {
    auto const facts = detail::read_process_facts(booted);
    auto const show = [&](auto const& instrument, std::optional<double> const& value) {
        if (value) observe(instrument, *value);
    };
    show(cpu, facts.cpu_seconds);
    show(start, facts.start_time);
    show(virtual_size, facts.virtual_memory);
    show(virtual_max, facts.virtual_memory_max);
    show(resident, facts.resident_memory);
    show(open, facts.open_files);
    show(open_max, facts.open_files_max);
    show(threads, facts.threads);
}

#endif

}  // namespace tacho::inline TACHO_ABI
