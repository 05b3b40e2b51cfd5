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

#include <cstdint>
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

private:
    void collect(observer& observe) const;

    // Asked once: it moves when the system's clock is set, and the start time would look like that of another process.
    std::optional<double> const booted_ = detail::boot_time();

    observable_counter<"process.cpu", unit::seconds, double> cpu_;
    observable_gauge<"process.start_time", unit::seconds> start_;
    observable_gauge<"process.virtual_memory", unit::bytes> virtual_;
    observable_gauge<"process.virtual_memory_max", unit::bytes> virtual_max_;
    observable_gauge<"process.resident_memory", unit::bytes> resident_;
    observable_gauge<"process.open_fds"> open_;
    observable_gauge<"process.max_fds"> open_max_;
    observable_gauge<"process.threads"> threads_;
    observation all_;  // ends first
};

#if TACHO_BODIES

TACHO_FUNCTION process_metrics::process_metrics() : process_metrics(default_registry()) {}

TACHO_FUNCTION process_metrics::process_metrics(scope const& in)
    : cpu_{in, "Total user and system CPU time spent in seconds"},
      start_{in, "Start time of the process since unix epoch in seconds"},
      virtual_{in, "Virtual memory size in bytes"},
      virtual_max_{in, "Maximum amount of virtual memory available in bytes"},
      resident_{in, "Resident memory size in bytes"},
      open_{in, "Number of open file descriptors"},
      open_max_{in, "Maximum number of open file descriptors"},
      threads_{in, "Number of OS threads in the process"},
      all_{[this](observer& observe) { collect(observe); },
           cpu_,
           start_,
           virtual_,
           virtual_max_,
           resident_,
           open_,
           open_max_,
           threads_} {}

TACHO_FUNCTION void process_metrics::collect(observer& observe) const {
    auto const facts = detail::read_process_facts(booted_);
    auto const show = [&](auto const& instrument, std::optional<double> const& value) {
        if (value) observe(instrument, *value);
    };
    show(cpu_, facts.cpu_seconds);
    show(start_, facts.start_time);
    show(virtual_, facts.virtual_memory);
    show(virtual_max_, facts.virtual_memory_max);
    show(resident_, facts.resident_memory);
    show(open_, facts.open_files);
    show(open_max_, facts.open_files_max);
    show(threads_, facts.threads);
}

#endif

}  // namespace tacho::inline TACHO_ABI
