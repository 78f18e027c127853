#include "ecosystem/schema.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "ecosystem/field_value.h"
#include "ecosystem/json_scalar.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

// Such a row stands for every key that begins with its own.
bool is_prefix(const Field& field) {
    return std::holds_alternative<std::vector<EnvBlock> AppConfig::*>(field.slot);
}

// The env_ row, if `name` is one of its environments.
const Field* block_row(std::string_view name, std::string_view Field::*key) {
    for (const Field& field : fields())
        if (is_prefix(field) && name.size() > (field.*key).size() && name.starts_with(field.*key))
            return &field;
    return nullptr;
}

bool answers_to(const Field& field, std::string_view name) {
    if (field.key == name) return true;
    const auto aliases = split(field.aliases, ' ');
    return !name.empty() && std::ranges::find(aliases, name) != aliases.end();
}

template <class Enum, std::size_t N>
std::string_view text_of(const std::array<std::pair<Enum, std::string_view>, N>& names, Enum value) {
    return std::ranges::find(names, value, &std::pair<Enum, std::string_view>::first)->second;
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const std::array<std::pair<Enum, std::string_view>, N>& names,
                             std::string_view text) {
    const auto found = std::ranges::find(names, text, &std::pair<Enum, std::string_view>::second);
    if (found == names.end()) return std::nullopt;
    return found->first;
}

constexpr std::array<std::pair<ExecMode, std::string_view>, 2> kExecModes{
    {{ExecMode::Fork, "fork_mode"}, {ExecMode::Cluster, "cluster_mode"}}};
constexpr std::array<std::pair<Balance, std::string_view>, 5> kBalances{
    {{Balance::RoundRobin, "round_robin"},
     {Balance::LeastConnections, "least_connections"},
     {Balance::Hybrid, "hybrid"},
     {Balance::Sticky, "sticky"},
     {Balance::Shared, "shared"}}};

constexpr std::array<std::pair<Condition, std::string_view>, 3> kConditions{
    {{Condition::Started, "started"}, {Condition::Ready, "ready"}, {Condition::Completed, "completed"}}};
constexpr std::array<std::pair<Condition, std::string_view>, 3> kComposeConditions{
    {{Condition::Started, "service_started"},
     {Condition::Ready, "service_healthy"},
     {Condition::Completed, "service_completed_successfully"}}};

// What a member of this type may be given, for messages, --help and the documentation.
std::string_view allowed(bool, Check) {
    return "true or false";
}
std::string_view allowed(int, Check check) {
    switch (check) {
        case Check::NotNegative:
            return "a number of at least 0";
        case Check::PortNumber:
            return "a port number";
        case Check::CpuCount:
            return "a number or max";
        default:
            return "a number";
    }
}
std::string_view allowed(std::uint32_t, Check) {
    return "a number of at least 0";
}
std::string_view allowed(Duration, Check check) {
    return check == Check::AtLeast100ms ? "at least 100 milliseconds, or a duration such as 10s"
                                        : "milliseconds, or a duration such as 10s";
}
std::string_view allowed(Bytes, Check) {
    return "bytes, or a size such as 150M";
}
std::string_view allowed(const std::string&, Check check) {
    switch (check) {
        case Check::LogType:
            return "raw or json";
        case Check::Gpu:
            return "auto, none, cpu, software, a PCI address, a UUID, a render node or vendor:NAME";
        case Check::GpuPolicy:
            return "spread or pack";
        case Check::SignalName:
            return "a signal such as SIGTERM";
        default:
            return "a text";
    }
}
std::string_view allowed(const std::vector<std::string>&, Check) {
    return "a text or a list of texts";
}
std::string_view allowed(const std::vector<int>&, Check) {
    return "a number or a list of numbers";
}
std::string_view allowed(const Selection&, Check check) {
    return check == Check::NoList ? "true, false or a text" : "true, false, a text or a list of texts";
}
std::string_view allowed(const Environment&, Check) {
    return "an object of variables";
}
std::string_view allowed(const std::vector<EnvBlock>&, Check) {
    return "an object of variables";
}
std::string_view allowed(ExecMode, Check) {
    return "fork or cluster";
}
std::string_view allowed(const HealthChecks&, Check) {
    return "an address, or an object of probes";
}
std::string_view allowed(Balance, Check) {
    return "round_robin, least_connections, hybrid, sticky or shared";
}
std::string_view allowed(const Dependencies&, Check) {
    return "a name, a list of names or an object of conditions";
}
template <class T>
std::string_view allowed(const std::optional<T>&, Check check) {
    return allowed(T{}, check);
}

}  // namespace

const Field* find_field(std::string_view declared_name) {
    const std::string snake = snake_case(declared_name);
    for (const Field& field : fields()) {
        if (is_prefix(field)) {
            if (declared_name.size() > field.key.size() && declared_name.starts_with(field.key))
                return &field;
        } else if (answers_to(field, declared_name) || answers_to(field, snake)) {
            return &field;
        }
    }
    return nullptr;
}

namespace {

struct WireNames {
    std::unordered_map<std::string_view, const Field*> whole;
    std::vector<const Field*> prefixes;  // in the order of the table
};

WireNames wire_names() {
    WireNames names;
    for (const Field& field : fields()) {
        names.whole.emplace(field.wire_key, &field);
        if (is_prefix(field)) names.prefixes.push_back(&field);
    }
    return names;
}

}  // namespace

const Field* find_wire_field(std::string_view wire_name) {
    // Asked for each variable of each app in a list. The first row counts that has the name or its beginning.
    static const WireNames kNames = wire_names();
    const auto named = kNames.whole.find(wire_name);
    const Field* found = named == kNames.whole.end() ? nullptr : named->second;
    for (const Field* field : kNames.prefixes) {
        if (found && found < field) break;
        if (wire_name.size() > field->wire_key.size() && wire_name.starts_with(field->wire_key)) return field;
    }
    return found;
}

const Field* find_field(std::string_view declared_name, const Json& value) {
    const Field* field = find_field(declared_name);
    const Field* block = value.is_object() ? block_row(declared_name, &Field::key) : nullptr;
    return block ? block : field;
}

const Field* find_wire_field(std::string_view wire_name, const Json& value) {
    if (const Field* block = block_row(wire_name, &Field::wire_key))
        if (value.is_object()) return block;
    const Field* field = find_wire_field(wire_name);
    return field && is_prefix(*field) ? nullptr : field;
}

std::optional<std::string_view> nearest_key(std::string_view name) {
    std::vector<std::string_view> candidates;
    for (const Field& field : fields()) {
        if (is_prefix(field)) continue;
        candidates.push_back(field.key);
        if (!field.aliases.empty())
            for (const std::string_view alias : split(field.aliases, ' ')) candidates.push_back(alias);
    }
    return nearest(snake_case(name), candidates);
}

FlagKind flag_kind(const Field& field) {
    if (field.flag.empty()) return FlagKind::None;
    if (field.flag.find("--no-") != std::string_view::npos) return FlagKind::NegatedSwitch;
    if (std::holds_alternative<bool AppConfig::*>(field.slot) ||
        std::holds_alternative<std::optional<bool> AppConfig::*>(field.slot))
        return FlagKind::Switch;
    if (std::holds_alternative<Selection AppConfig::*>(field.slot)) return FlagKind::OptionalValue;
    return FlagKind::Value;
}

Json flag_value(const Field& field, std::string_view text) {
    switch (flag_kind(field)) {
        case FlagKind::Switch:
            return true;
        case FlagKind::NegatedSwitch:
            return false;
        case FlagKind::OptionalValue:
            if (text.empty()) return true;
            break;
        case FlagKind::None:
        case FlagKind::Value:
            break;
    }
    const bool has_unit = text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos;
    if (field.check == Check::SecondsOnFlag && !has_unit) return std::string(text) + "s";
    return std::string(text);
}

std::string_view type_name(const Field& field) {
    static const AppConfig kSample;
    return std::visit(
        [&](auto slot) -> std::string_view {
            if constexpr (std::is_same_v<decltype(slot), std::monostate>)
                return "anything";
            else
                return allowed(kSample.*slot, field.check);
        },
        field.slot);
}

std::string_view to_text(ExecMode mode) {
    return text_of(kExecModes, mode);
}
std::string_view to_text(Balance balance) {
    return text_of(kBalances, balance);
}
std::string_view to_text(Condition condition) {
    return text_of(kConditions, condition);
}

std::optional<ExecMode> exec_mode_from(std::string_view text) {
    if (text == "fork" || text == "cluster") return exec_mode_from(std::string(text) + "_mode");
    return value_of(kExecModes, text);
}
std::optional<Balance> balance_from(std::string_view text) {
    return value_of(kBalances, text);
}
std::optional<Condition> condition_from(std::string_view text) {
    const auto own = value_of(kConditions, text);
    return own ? own : value_of(kComposeConditions, text);
}

std::vector<const Field*> changed_fields(const AppConfig& before, const AppConfig& after) {
    std::vector<const Field*> changes;
    for (const Field& field : fields())
        if (write_value(field, before) != write_value(field, after)) changes.push_back(&field);
    return changes;
}

OnChange needed_for(std::span<const Field* const> changes) {
    OnChange strongest = OnChange::Nothing;
    for (const Field* field : changes) strongest = std::max(strongest, field->on_change);
    return strongest;
}

}  // namespace kpm::ecosystem
