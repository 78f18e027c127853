#include "render-worker/server/request_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace kpm::render {

void RequestFields::fail(std::string message) {
    if (!error_) error_ = Error{ErrorCode::Invalid, std::move(message)};
}

void RequestFields::wrong_type(std::string_view field, std::string_view expected, const Json& found) {
    fail(fmt::format("cannot read '{}': expected {}, found {}", field, expected, found.type_name()));
}

const Json* RequestFields::find(const char* field) const {
    const auto it = message_.find(field);
    return it == message_.end() || it->is_null() ? nullptr : &*it;
}

void RequestFields::number(const char* field, double& target) {
    const Json* value = error_ ? nullptr : find(field);
    if (!value) return;
    if (!value->is_number()) return wrong_type(field, "a number", *value);
    target = value->get<double>();
}

void RequestFields::flag(const char* field, bool& target) {
    const Json* value = error_ ? nullptr : find(field);
    if (!value) return;
    if (value->is_number())
        target = value->get<double>() != 0;
    else if (value->is_boolean())
        target = value->get<bool>();
    else
        wrong_type(field, "true or false", *value);
}

void RequestFields::count(const char* field, std::size_t& target, std::size_t max) {
    double value = static_cast<double>(target);
    number(field, value);
    if (error_) return;
    if (!(value >= 0 && value <= static_cast<double>(max)) || value != std::floor(value))
        return fail(fmt::format("cannot read '{}': {} is not a whole number up to {}", field, value, max));
    target = static_cast<std::size_t>(value);
}

std::string RequestFields::id(const char* field) {
    const Json* value = error_ ? nullptr : find(field);
    if (!value) return {};
    if (value->is_string()) return value->get<std::string>();
    if (value->is_number()) return value->dump();
    wrong_type(field, "a string", *value);
    return {};
}

void RequestFields::note_delta(RenderRequest& request) {
    const Json* value = error_ ? nullptr : find("noteDelta");
    if (!value) return;
    if (value->is_number()) {
        request.note_delta = value->get<double>();
        return;
    }
    const auto ratio = [value](const char* name) -> const Json* {
        if (!value->is_object()) return nullptr;
        const auto it = value->find(name);
        return it == value->end() || !it->is_number() ? nullptr : &*it;
    };
    const Json* r1 = ratio("r1");
    const Json* r2 = ratio("r2");
    if (!r1 || !r2) return wrong_type("noteDelta", "a number or {r1, r2}", *value);
    request.note_ratio = {r1->get<double>(), r2->get<double>()};
}

void RequestFields::sound(RenderRequest& request) {
    number("duration", request.duration);
    note_delta(request);
    number("velocity", request.velocity);
    number("sampleRate", request.sample_rate);
    flag("reverse", request.reverse);
    flag("useOvertoneInharmonicityFactors", request.use_overtone_inharmonicity_factors);
    // The misspelling is the protocol's.
    flag("frequencyUpdatesApplyToAllPathcNetworkOutputs", request.frequency_updates_apply_to_all);
    flag("antiAliasing", request.anti_aliasing);
}

void RequestFields::check_length(const RenderRequest& request) {
    if (!(request.duration > 0) || !(request.sample_rate > 0))
        return fail(fmt::format("cannot render '{} s at {} Hz': both must be more than 0", request.duration,
                                request.sample_rate));
    if (!(request.duration * request.sample_rate <= kMaxSamples))
        fail(fmt::format("cannot render '{} s at {} Hz': more than {:.0f} samples", request.duration,
                         request.sample_rate, kMaxSamples));
}

}  // namespace kpm::render
