#include "ecosystem/json_schema.h"

#include <fmt/format.h>

#include <type_traits>

#include "ecosystem/field_value.h"
#include "ecosystem/health_json.h"
#include "ecosystem/json_scalar.h"
#include "ecosystem/schema.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

constexpr std::string_view kWhole = "^\\s*-?[0-9]+\\s*$";
constexpr std::string_view kNotNegative = "^\\s*[0-9]+\\s*$";
constexpr std::string_view kWholeNumbers = "^\\s*-?[0-9]+([\\s,]+-?[0-9]+)*[\\s,]*$";
constexpr std::string_view kDuration = "^\\s*([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*(ms|s|m|h|d)?\\s*$";
constexpr std::string_view kSize = "^\\s*([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*[KkMmGgTt]?[Bb]?\\s*$";
// As GpuSelection::parse, but for upper case.
constexpr std::string_view kGpu =
    "^(|auto|none|cpu|off|software|vendor:(nvidia|amd|intel)|(/dev/dri/)?renderD[0-9]+"
    "|(pci:)?([0-9A-Fa-f]{1,8}:)?[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\\.[0-7]"
    "|(uuid:)?(GPU-)?[0-9A-Fa-f]{8}(-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12})$";
constexpr std::string_view kVariableName = "^[^=\\u0000]+$";
// Not env_file, which has a row of its own.
constexpr std::string_view kEnvironmentBlock = "^env_(?!file$).+$";

Json reference(std::string_view definition) {
    return Json{{"$ref", fmt::format("#/$defs/{}", definition)}};
}

// null stands for an attribute that is not given.
Json typed(std::initializer_list<const char*> types) {
    Json list = Json::array();
    for (const char* type : types) list.push_back(type);
    list.push_back("null");
    return Json{{"type", std::move(list)}};
}

Json one_of(std::initializer_list<Json> values) {
    Json list = Json::array();
    for (const Json& value : values) list.push_back(value);
    list.push_back(nullptr);
    return Json{{"enum", std::move(list)}};
}

Json scalar() {
    return Json{{"type", {"string", "number", "boolean"}}};
}

// What a member of this type may be given: beside field_value.cpp, which reads it.
Json shape(bool, Check) {
    return one_of({true, false, "true", "false"});
}
Json shape(int, Check check) {
    Json result = typed({"integer", "string"});
    if (check == Check::CpuCount) return result;
    const bool is_signed = check != Check::NotNegative && check != Check::PortNumber;
    if (!is_signed) result["minimum"] = 0;
    if (check == Check::PortNumber) result["maximum"] = 65535;
    result["pattern"] = is_signed ? kWhole : kNotNegative;
    return result;
}
Json shape(std::uint32_t, Check) {
    return shape(int{}, Check::NotNegative);
}
Json shape(Duration, Check check) {
    Json result = typed({"number", "string"});
    result["minimum"] = check == Check::AtLeast100ms ? 100 : 0;
    result["pattern"] = kDuration;
    return result;
}
Json shape(Bytes, Check) {
    Json result = typed({"number", "string"});
    result["minimum"] = 0;
    result["pattern"] = kSize;
    return result;
}
Json shape(const std::string&, Check check) {
    switch (check) {
        case Check::LogType:
            return one_of({"raw", "json", ""});
        case Check::GpuPolicy:
            return one_of({"spread", "pack", ""});
        case Check::SignalName: {
            Json result = typed({"string"});
            result["pattern"] = "^((SIG)?[A-Z][A-Z0-9]*)?$";
            return result;
        }
        case Check::Gpu: {
            Json result = typed({"string"});
            result["pattern"] = kGpu;
            return result;
        }
        default:
            return typed({"string", "number"});
    }
}
Json shape(const std::vector<std::string>&, Check) {
    Json result = typed({"string", "number", "array"});
    result["items"] = scalar();
    return result;
}
Json shape(const std::vector<int>&, Check) {
    Json result = typed({"integer", "string", "array"});
    result["pattern"] = kWholeNumbers;
    result["items"] = Json{{"type", {"integer", "string"}}, {"pattern", kWhole}};
    return result;
}
Json shape(const Selection&, Check check) {
    if (check == Check::NoList) return typed({"boolean", "string"});
    Json result = typed({"boolean", "string", "array"});
    result["items"] = scalar();
    return result;
}
Json shape(const Environment&, Check) {
    return Json{{"anyOf", {reference("variables"), Json{{"type", "null"}}}}};
}
Json shape(const std::vector<EnvBlock>&, Check check) {
    return shape(Environment{}, check);
}
Json shape(ExecMode, Check) {
    return one_of({"fork", "cluster", to_text(ExecMode::Fork), to_text(ExecMode::Cluster)});
}
Json shape(Balance, Check) {
    return one_of({to_text(Balance::RoundRobin), to_text(Balance::LeastConnections), to_text(Balance::Hybrid),
                   to_text(Balance::Sticky), to_text(Balance::Shared)});
}
Json shape(const HealthChecks&, Check) {
    return Json{{"anyOf", {reference("health"), Json{{"type", "null"}}}}};
}
Json shape(const Dependencies&, Check) {
    constexpr const char* kName = ".";  // no empty one
    Json condition =
        one_of({to_text(Condition::Started), to_text(Condition::Ready), to_text(Condition::Completed),
                "service_started", "service_healthy", "service_completed_successfully"});
    Json object =
        Json{{"type", "object"}, {"properties", {{"condition", condition}}}, {"additionalProperties", false}};
    Json result = typed({"string", "number", "array", "object"});
    result["pattern"] = kName;
    result["items"] = Json{{"type", {"string", "number"}}, {"pattern", kName}};
    result["propertyNames"] = Json{{"pattern", kName}};
    result["additionalProperties"] = Json{{"anyOf", {std::move(condition), std::move(object)}}};
    return result;
}
template <class T>
Json shape(const std::optional<T>&, Check check) {
    return shape(T{}, check);
}

bool is_environment_block(const Field& field) {
    return std::holds_alternative<std::vector<EnvBlock> AppConfig::*>(field.slot);
}

Json property(const Field& field) {
    static const AppConfig kDefaults;
    Json result = Json{{"description", field.doc}};
    const Json value_shape = std::visit(
        [&](auto slot) {
            if constexpr (std::is_same_v<decltype(slot), std::monostate>)
                return Json::object();
            else
                return shape(kDefaults.*slot, field.check);
        },
        field.slot);
    for (const auto& [keyword, value] : value_shape.items()) result[keyword] = value;
    const Json standard = write_value(field, kDefaults);
    const bool is_empty = standard.is_null() || (standard.is_structured() && standard.empty()) ||
                          (standard.is_string() && standard.get_ref<const std::string&>().empty());
    if (!is_empty) result["default"] = standard;
    // With an object it is the environment of that name.
    if (&field == find_field("env_file")) {
        result["type"].push_back("object");
        result["propertyNames"] = Json{{"pattern", kVariableName}};
    }
    return result;
}

std::vector<std::string> other_names(const Field& field) {
    std::vector<std::string> names{camel_case(field.key)};
    if (!field.aliases.empty())
        for (const std::string_view alias : split(field.aliases, ' ')) {
            names.emplace_back(alias);
            names.push_back(camel_case(alias));
        }
    return names;
}

Json app_definition() {
    Json properties = Json::object(), blocks = Json::object();
    for (const Field& field : fields()) {
        if (is_environment_block(field)) {
            blocks[std::string(kEnvironmentBlock)] = property(field);
            continue;
        }
        properties[std::string(field.key)] = property(field);
    }
    properties["strict"] =
        Json{{"description", "an unknown attribute of this app is an error"}, {"type", {"boolean", "null"}}};
    Json has_script = Json::array();
    for (const Field& field : fields()) {
        if (is_environment_block(field)) continue;
        for (const std::string& name : other_names(field)) {
            if (properties.contains(name)) continue;
            properties[name] = reference(fmt::format("app/properties/{}", field.key));
        }
    }
    // Its camelCase form, where an object means nothing.
    properties["envFile"] =
        Json{{"allOf", {reference("app/properties/env_file")}}, {"not", {{"type", "object"}}}};
    const Field& script = *find_field("script");
    has_script.push_back(Json{{"required", {script.key}}});
    for (const std::string_view alias : split(script.aliases, ' '))
        has_script.push_back(Json{{"required", {alias}}});
    return Json{{"description", "an app"},
                {"type", "object"},
                {"properties", std::move(properties)},
                {"patternProperties", std::move(blocks)},
                {"additionalProperties", false},
                {"anyOf", std::move(has_script)}};
}

Json file_definition() {
    Json properties = Json::object();
    properties["apps"] = reference("section");
    properties["pm2"] = reference("section");
    properties["strict"] =
        Json{{"description", "an unknown attribute of any app is an error"}, {"type", {"boolean", "null"}}};
    properties["deploy"] =
        Json{{"description", "PM2's section for deployments; deploy.NAME.env holds variables for --env NAME"},
             {"type", "object"}};
    properties["static"] =
        Json{{"description", "servers of static files: {path, port, host, spa, ftp, basic_auth, name}"},
             {"type", {"array", "object"}},
             {"items", {{"type", "object"}}}};
    return Json{{"type", "object"}, {"properties", std::move(properties)}};
}

}  // namespace

Json config_schema() {
    Json definitions = Json::object();
    definitions["app"] = app_definition();
    definitions["apps"] = Json{{"type", "array"}, {"items", reference("app")}};
    definitions["section"] = Json{{"description", "the apps: a list, or one"},
                                  {"if", {{"type", "array"}}},
                                  {"then", reference("apps")},
                                  {"else", reference("app")}};
    definitions["file"] = file_definition();
    definitions["variables"] = Json{{"description", "environment variables; what is no text becomes one"},
                                    {"type", "object"},
                                    {"propertyNames", {{"pattern", kVariableName}}}};
    definitions["health"] = health_definition(reference("probe"));
    definitions["probe"] = probe_definition(kDuration, kWhole);
    const Json has_section =
        Json{{"type", "object"},
             {"anyOf",
              {Json{{"required", {"apps"}}}, Json{{"required", {"pm2"}}}, Json{{"required", {"static"}}}}}};
    return Json{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"title", "kpm ecosystem file"},
                {"description", "the apps that kpm runs: a list in `apps` or `pm2`, a bare list, or one app"},
                {"if", has_section},
                {"then", reference("file")},
                {"else", reference("section")},
                {"$defs", std::move(definitions)}};
}

std::string config_schema_text() {
    return config_schema().dump(2) + "\n";
}

}  // namespace kpm::ecosystem
