// SPDX-License-Identifier: MIT
// tacho: the entrance. Read the headers in this order, and you have read the library.
#pragma once

// 1. Recording: instruments, and the registry that knows them. Alone as tacho/record.hpp.
#include "tacho/record.hpp"

// 2. Reading: the same numbers, as text for Prometheus and as JSON for OTLP.
#include "tacho/encode/otlp_json.hpp"
#include "tacho/encode/prometheus.hpp"
#include "tacho/encode/target_info.hpp"

// 3. The two ways out: scraped at an endpoint, pushed by a pusher.
#include "tacho/export/answer_head.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/export/listener.hpp"
#include "tacho/export/memory_transport.hpp"
#include "tacho/export/push_target.hpp"
#include "tacho/export/pusher.hpp"
#include "tacho/export/stream_transport.hpp"
#include "tacho/export/work_until.hpp"

// 4. Both at once, as the environment says.
#include "tacho/env/flag.hpp"
#include "tacho/env/settings.hpp"
#include "tacho/telemetry.hpp"

// 5. For web servers.
#include "tacho/http/measure.hpp"
#include "tacho/http/measured_request.hpp"
#include "tacho/http/operation_metrics.hpp"
#include "tacho/http/route_table.hpp"
#include "tacho/http/server_metrics.hpp"

// 6. Metrics that need no more than a line: what the library knows of itself, and the system of the process.
#include "tacho/process/build_info.hpp"
#include "tacho/process/process_metrics.hpp"
#include "tacho/process/push_metrics.hpp"
#include "tacho/process/scrape_metrics.hpp"
#include "tacho/process/self_metrics.hpp"

// What an earlier header of tacho has declared in this file can't be compiled with it any more.
#if defined(TACHO_IMPLEMENTATION) && !TACHO_BODIES
#error "tacho: define TACHO_IMPLEMENTATION before the first header of tacho in the file, also one within other headers"
#endif
