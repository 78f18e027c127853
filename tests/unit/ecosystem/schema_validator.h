#pragma once
// As much of JSON Schema (draft 2020-12) as config_schema() uses; a keyword beyond that fails the test.

#include <algorithm>
#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <string>

#include "ipc/base/json.h"

namespace kpm::ecosystem {

class SchemaValidator {
public:
    explicit SchemaValidator(Json root) : root_(std::move(root)) {}

    bool accepts(const Json& value) const { return valid(root_, value); }

private:
    static bool has_type(const Json& value, const std::string& type) {
        if (type == "null") return value.is_null();
        if (type == "boolean") return value.is_boolean();
        if (type == "string") return value.is_string();
        if (type == "array") return value.is_array();
        if (type == "object") return value.is_object();
        if (type == "number") return value.is_number();
        REQUIRE(type == "integer");
        return value.is_number_integer() ||
               (value.is_number_float() && value.get<double>() == double(value.get<std::int64_t>()));
    }

    static bool matches(const std::string& text, std::string pattern) {
        // std::regex wants the character itself.
        if (const auto at = pattern.find("\\u0000"); at != std::string::npos) pattern.replace(at, 6, 1, '\0');
        return std::regex_search(text, std::regex(pattern));
    }

    bool valid(const Json& schema, const Json& value) const {
        if (schema.is_boolean()) return schema.get<bool>();
        for (const auto& [keyword, rule] : schema.items())
            if (!holds(schema, keyword, rule, value)) return false;
        return true;
    }

    bool holds(const Json& schema, const std::string& keyword, const Json& rule, const Json& value) const {
        static const std::set<std::string> kRemarks{"$schema", "$defs", "title", "description", "default"};
        static const std::set<std::string> kTogether{"then", "else", "patternProperties"};
        if (kRemarks.contains(keyword) || kTogether.contains(keyword)) return true;
        const auto all = [&](auto check) { return std::ranges::all_of(rule, check); };
        const auto any = [&](auto check) { return std::ranges::any_of(rule, check); };
        if (keyword == "$ref")
            return valid(root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), value);
        if (keyword == "type") {
            if (rule.is_string()) return has_type(value, rule);
            return any([&](const Json& type) { return has_type(value, type); });
        }
        if (keyword == "enum") return any([&](const Json& one) { return one == value; });
        if (keyword == "anyOf") return any([&](const Json& one) { return valid(one, value); });
        if (keyword == "allOf") return all([&](const Json& one) { return valid(one, value); });
        if (keyword == "not") return !valid(rule, value);
        if (keyword == "if") return valid(schema.at(valid(rule, value) ? "then" : "else"), value);
        if (keyword == "minimum") return !value.is_number() || value >= rule;
        if (keyword == "maximum") return !value.is_number() || value <= rule;
        if (keyword == "pattern") return !value.is_string() || matches(value, rule);
        if (keyword == "items")
            return !value.is_array() ||
                   std::ranges::all_of(value, [&](const Json& item) { return valid(rule, item); });
        if (!value.is_object()) return true;
        if (keyword == "required") return all([&](const Json& name) { return value.contains(name); });
        for (const auto& [name, content] : value.items()) {
            if (keyword == "propertyNames") {
                if (!valid(rule, name)) return false;
            } else if (keyword == "properties") {
                if (rule.contains(name) && !valid(rule[name], content)) return false;
            } else if (keyword == "additionalProperties") {
                if (!valid_among_patterns(schema, rule, name, content)) return false;
            } else {
                FAIL("unknown keyword " << keyword);
            }
        }
        return true;
    }

    bool valid_among_patterns(const Json& schema, const Json& others, const std::string& name,
                              const Json& content) const {
        bool is_known = schema.value("properties", Json::object()).contains(name);
        const Json patterns = schema.value("patternProperties", Json::object());
        for (const auto& [pattern, rule] : patterns.items()) {
            if (!matches(name, pattern)) continue;
            is_known = true;
            if (!valid(rule, content)) return false;
        }
        return is_known || valid(others, content);
    }

    Json root_;
};

}  // namespace kpm::ecosystem
