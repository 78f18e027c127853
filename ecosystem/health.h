#pragma once
// How the health of an app's processes is looked at: up to three probes, as configured. What they do is
// decided by core/health.h; docs/health.md is for users.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ecosystem/duration.h"

namespace kpm::ecosystem {

struct Probe {
    enum class Kind : std::uint8_t { Http, Tcp, Exec };

    Kind kind = Kind::Http;
    // The address (see probe_address.h), or a command for the shell. Addresses, and the words of `argv`, may
    // have $VARIABLES of the app's environment.
    std::string text;
    std::vector<std::string> argv;  // of a command that is a list; then `text` is empty
    Duration interval{10'000};
    Duration timeout{1'000};
    Duration initial_delay{0};
    int success_threshold = 1;
    int failure_threshold = 3;

    bool operator==(const Probe&) const = default;
};

struct HealthChecks {
    std::optional<Probe> startup, readiness, liveness;

    bool is_empty() const { return !startup && !readiness && !liveness; }
    // Whether a process counts as ready only when a probe has succeeded.
    bool gates() const { return startup || readiness; }
    bool operator==(const HealthChecks&) const = default;
};

}  // namespace kpm::ecosystem
