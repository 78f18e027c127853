#include "ecosystem/health_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "ecosystem/json_scalar.h"
#include "ecosystem/probe_address.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

using Problem = std::optional<ValueProblem>;

// Shorter ones would keep the daemon and the app busy with nothing else.
constexpr int kLeastInterval = 100;

constexpr ProbeField kFields[] = {
    {"interval", &Probe::interval, kLeastInterval, "from the beginning of one look to that of the next"},
    {"timeout", &Probe::timeout, 1, "a look that takes longer has failed; a command is killed"},
    {"success_threshold", &Probe::success_threshold, 1, "looks in a row that must succeed; 1 for liveness"},
    {"failure_threshold", &Probe::failure_threshold, 1, "looks in a row that must fail"},
    {"initial_delay", &Probe::initial_delay, 0, "from the start of the process to the first look"},
};

constexpr ProbeKindRow kKinds[] = {
    {Probe::Kind::Http, "http", "a text",
     "GET of http://HOST:PORT/PATH, of unix:/SOCKET:/PATH, or of a path on port (default: $PORT) of "
     "127.0.0.1; "
     "the answers 200 to 399 are success"},
    {Probe::Kind::Tcp, "tcp", "a text or a port number",
     "a connection to HOST:PORT or unix:/SOCKET is success"},
    {Probe::Kind::Exec, "exec", "a text or a list of texts",
     "a command for the shell, or program and arguments; exit code 0 is success"},
};

constexpr std::string_view kPort = "port";

struct Slot {
    std::string_view key;
    std::optional<Probe> HealthChecks::*probe;
};
constexpr Slot kSlots[] = {{"startup", &HealthChecks::startup},
                           {"readiness", &HealthChecks::readiness},
                           {"liveness", &HealthChecks::liveness}};

std::string unknown(std::string_view what, std::string_view name, std::span<const std::string_view> known) {
    std::string text = fmt::format("unknown {} '{}'", what, name);
    if (const auto hint = nearest(snake_case(name), known))
        text += fmt::format(" (did you mean '{}'?)", *hint);
    return text;
}

std::vector<std::string_view> probe_keys() {
    std::vector<std::string_view> keys{kPort};
    for (const ProbeField& field : kFields) keys.push_back(field.key);
    for (const ProbeKindRow& row : kKinds) keys.push_back(row.key);
    return keys;
}

template <class Row, std::size_t N>
const Row* find_row(const Row (&rows)[N], std::string_view name) {
    const std::string snake = snake_case(name);
    const auto found = std::ranges::find_if(rows, [&](const Row& row) { return row.key == snake; });
    return found == std::end(rows) ? nullptr : found;
}

Problem problem(std::string_view inside, std::string text) {
    return ValueProblem{inside.empty() ? "" : fmt::format(".{}", inside), std::move(text)};
}

Problem within(std::string_view outer, Problem inner) {
    inner->inside = fmt::format(".{}{}", outer, inner->inside);
    return inner;
}

struct FieldReader {
    const ProbeField& field;
    std::string_view key;
    const Json& value;
    Probe& probe;

    Problem operator()(Duration Probe::*slot) const {
        const auto text = value.is_boolean() ? std::nullopt : scalar_text(value);
        const auto duration = text ? parse_duration(*text) : Result<Duration>(Error{});
        if (!duration || *duration < Duration(field.least))
            return problem(
                key,
                expected(field.least == 0 ? "milliseconds, or a duration such as 10s"
                                          : fmt::format("at least {} milliseconds, or a duration such as 10s",
                                                        field.least),
                         value));
        probe.*slot = *duration;
        return std::nullopt;
    }
    Problem operator()(int Probe::*slot) const {
        const auto number = small_number(value);
        if (!number || *number < field.least)
            return problem(key, expected(fmt::format("a number of at least {}", field.least), value));
        probe.*slot = *number;
        return std::nullopt;
    }
};

// A path alone is one of the app's own server.
Problem complete_path(Probe& probe, const Json* port) {
    const bool is_path = probe.text.starts_with('/');
    if (!is_path) {
        if (port) return problem(kPort, "a port goes with a path alone, not with an address");
        return std::nullopt;
    }
    const auto text = port ? scalar_text(*port) : std::string("$PORT");
    if (!text || text->empty())
        return problem(kPort, expected("a port number or a variable such as $PORT", *port));
    if (const auto checked = check_tcp_address(*text); !checked)
        return problem(kPort, checked.error().message);
    probe.text = fmt::format("http://127.0.0.1:{}{}", *text, probe.text);
    return std::nullopt;
}

Problem read_command(const Json& value, Probe& probe) {
    if (value.is_array()) {
        for (const Json& word : value) {
            const auto text = scalar_text(word);
            if (!text) return problem("exec", expected("a list of texts", word));
            probe.argv.push_back(*text);
        }
    } else if (value.is_string()) {
        if (const auto text = scalar_text(value)) probe.text = *text;
    }
    const bool is_empty = probe.argv.empty() ? trim(probe.text).empty() : probe.argv.front().empty();
    if (is_empty) return problem("exec", expected("a command or a list of its words", value));
    return std::nullopt;
}

Problem read_kind(const ProbeKindRow& row, const Json& value, const Json* port, Probe& probe) {
    probe.kind = row.kind;
    if (row.kind == Probe::Kind::Exec) return read_command(value, probe);
    const auto text = value.is_string() || (row.kind == Probe::Kind::Tcp && value.is_number())
                          ? scalar_text(value)
                          : std::nullopt;
    if (!text) return problem(row.key, expected(row.value, value));
    probe.text = *text;
    if (row.kind == Probe::Kind::Http)
        if (Problem wrong = complete_path(probe, port)) return wrong;
    const auto checked =
        row.kind == Probe::Kind::Http ? check_http_address(probe.text) : check_tcp_address(probe.text);
    if (!checked) return problem(row.key, fmt::format("{} in \"{}\"", checked.error().message, *text));
    return std::nullopt;
}

Problem read_probe(const Json& value, Probe& probe) {
    if (value.is_string()) {
        // Other forms need to say what they are.
        const Json as_object{{"http", value}};
        return read_probe(as_object, probe);
    }
    if (!value.is_object()) return problem("", expected("an address or an object", value));
    const ProbeKindRow* kind = nullptr;
    const Json *content = nullptr, *port = nullptr;
    for (const auto& [key, inner] : value.items()) {
        if (inner.is_null()) continue;
        if (key == kPort) {
            port = &inner;
        } else if (const ProbeKindRow* row = find_row(kKinds, key)) {
            if (kind)
                return problem("", fmt::format("expected one of http, tcp and exec, found {} and {}",
                                               kind->key, row->key));
            kind = row;
            content = &inner;
        } else if (const ProbeField* field = find_row(kFields, key)) {
            if (Problem wrong = std::visit(FieldReader{*field, key, inner, probe}, field->slot)) return wrong;
        } else {
            return problem(key, unknown("attribute", key, probe_keys()));
        }
    }
    if (!kind) return problem("", "expected one of http, tcp and exec");
    if (port && kind->kind != Probe::Kind::Http) return problem(kPort, "a port goes with http alone");
    return read_kind(*kind, *content, port, probe);
}

Json write_probe(const Probe& probe) {
    Json result = Json::object();
    for (const ProbeKindRow& row : kKinds)
        if (row.kind == probe.kind)
            result[std::string(row.key)] = probe.argv.empty() ? Json(probe.text) : Json(probe.argv);
    const Probe standard;
    for (const ProbeField& field : kFields) {
        std::visit(
            [&](auto slot) {
                if (probe.*slot == standard.*slot) return;
                if constexpr (std::is_same_v<decltype(slot), int Probe::*>)
                    result[std::string(field.key)] = probe.*slot;
                else
                    result[std::string(field.key)] = (probe.*slot).count();
            },
            field.slot);
    }
    return result;
}

// Whether the object is one probe, not an object of probes.
bool is_probe(const Json& value) {
    return std::ranges::any_of(kKinds,
                               [&](const ProbeKindRow& row) { return value.contains(std::string(row.key)); });
}

}  // namespace

std::span<const ProbeField> probe_fields() {
    return kFields;
}

std::span<const ProbeKindRow> probe_kinds() {
    return kKinds;
}

std::optional<ValueProblem> read_health(const Json& value, HealthChecks& target) {
    HealthChecks result;
    if (value == false) {
        target = std::move(result);
        return std::nullopt;
    }
    if (value.is_string() || (value.is_object() && is_probe(value))) {
        if (Problem wrong = read_probe(value, result.readiness.emplace())) return wrong;
        target = std::move(result);
        return std::nullopt;
    }
    if (!value.is_object()) return problem("", expected("an address, or an object of probes", value));
    for (const auto& [key, content] : value.items()) {
        const auto slot = std::ranges::find(kSlots, key, &Slot::key);
        if (slot == std::end(kSlots))
            return problem(key, unknown("probe", key,
                                        std::array<std::string_view, 3>{"startup", "readiness", "liveness"}));
        if (content.is_null()) continue;
        if (Problem wrong = read_probe(content, (result.*(slot->probe)).emplace()))
            return within(key, std::move(wrong));
    }
    if (result.liveness && result.liveness->success_threshold != 1)
        return problem("liveness.success_threshold", "expected 1: the first success counts");
    target = std::move(result);
    return std::nullopt;
}

Json write_health(const HealthChecks& health) {
    if (health.is_empty()) return {};
    Json result = Json::object();
    for (const Slot& slot : kSlots)
        if (const auto& probe = health.*(slot.probe)) result[std::string(slot.key)] = write_probe(*probe);
    return result;
}

Json health_definition(const Json& probe) {
    Json properties = Json::object(), no_probe = Json::array();
    for (const Slot& slot : kSlots)
        properties[std::string(slot.key)] = Json{{"anyOf", {probe, Json{{"type", "null"}}}}};
    for (const ProbeKindRow& row : kKinds) no_probe.push_back(Json{{"required", {row.key}}});
    return Json{{"description", "a probe for readiness, or an object of probes"},
                {"anyOf",
                 {probe, Json{{"enum", {false}}},
                  Json{{"type", "object"},
                       {"not", {{"anyOf", std::move(no_probe)}}},
                       {"properties", std::move(properties)},
                       {"additionalProperties", false}}}}};
}

Json probe_definition(std::string_view duration_pattern, std::string_view number_pattern) {
    Json properties = Json::object(), one_kind = Json::array();
    for (const ProbeField& field : kFields) {
        const bool is_duration = std::holds_alternative<Duration Probe::*>(field.slot);
        Json types{is_duration ? "number" : "integer", "string", "null"};
        const Json shape{{"description", field.doc},
                         {"type", std::move(types)},
                         {"minimum", field.least},
                         {"pattern", is_duration ? duration_pattern : number_pattern}};
        properties[std::string(field.key)] = shape;
        properties[camel_case(field.key)] = shape;
    }
    for (const ProbeKindRow& row : kKinds) {
        Json types{"string", "null"};
        if (row.kind == Probe::Kind::Tcp) types.push_back("integer");
        if (row.kind == Probe::Kind::Exec) types.push_back("array");
        properties[std::string(row.key)] = Json{{"description", row.doc}, {"type", std::move(types)}};
        one_kind.push_back(Json{{"required", {row.key}}});
    }
    properties[std::string(kPort)] =
        Json{{"description", "of an http probe that is a path"}, {"type", {"integer", "string", "null"}}};
    return Json{{"description", "an http address, or an object with one of http, tcp and exec"},
                {"if", {{"type", "object"}}},
                {"then",
                 {{"anyOf", std::move(one_kind)},
                  {"properties", std::move(properties)},
                  {"additionalProperties", false}}},
                {"else", {{"type", "string"}}}};
}

}  // namespace kpm::ecosystem
