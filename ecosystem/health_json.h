#pragma once
// The option `health`: its inner table of options, and all that must know them. Declared forms: a text or an
// object that is one probe (readiness), an object of probes, or false. Written and dumped: always the latter,
// whole.

#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "ecosystem/health.h"
#include "ecosystem/value_problem.h"
#include "ipc/base/json.h"

namespace kpm::ecosystem {

// A row of the inner table: what a probe has beside its kind.
struct ProbeField {
    std::string_view key;  // its camelCase form is accepted too
    std::variant<Duration Probe::*, int Probe::*> slot;
    int least = 0;  // in milliseconds for a duration
    std::string_view doc;
};
std::span<const ProbeField> probe_fields();

struct ProbeKindRow {
    Probe::Kind kind;
    std::string_view key, value, doc;
};
std::span<const ProbeKindRow> probe_kinds();

// An object replaces what was there as a whole.
std::optional<ValueProblem> read_health(const Json& value, HealthChecks& target);
Json write_health(const HealthChecks& health);  // null: none

// Definitions of the JSON Schema. `probe`: a reference to the other one.
Json health_definition(const Json& probe);
Json probe_definition(std::string_view duration_pattern, std::string_view number_pattern);

}  // namespace kpm::ecosystem
