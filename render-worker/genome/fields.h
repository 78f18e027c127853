#pragma once
// Reading the fields of one JSON object, with the first mistake kept: after it every read gives its fallback,
// and the caller asks once at the end. `null` counts as absent everywhere, as in JavaScript's defaults.

#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/result.h"
#include "render-worker/genome/json_fwd.h"

namespace kpm::render {

class Fault {
public:
    void set(std::string_view place, std::string_view reason);
    explicit operator bool() const { return error_.has_value(); }
    const Error& error() const { return *error_; }

private:
    std::optional<Error> error_;
};

class Fields {
public:
    // `object` and `fault` must outlive the reader; anything but an object is a fault.
    Fields(const Json& object, std::string place, Fault& fault);

    std::optional<double> number(std::string_view key) const;  // finite
    std::optional<std::string> text(std::string_view key) const;
    // Ids come as text or as whole numbers; both compare as text.
    std::optional<std::string> id(std::string_view key) const;
    // A count from 0 to `max`; required.
    std::uint32_t count(std::string_view key, std::uint32_t max) const;
    // A required array of at most `max` elements; an empty one after a fault.
    const Json& list(std::string_view key, std::size_t max) const;
    // The value itself, or nullptr when absent or null.
    const Json* find(std::string_view key) const;

    std::string place(std::string_view key) const;
    void fault(std::string_view key, std::string_view reason) const { fault_.set(place(key), reason); }

private:
    const Json& object_;
    std::string place_;
    Fault& fault_;
};

// A finite number, whatever JSON type of number it has.
std::optional<double> finite_number(const Json& value);

}  // namespace kpm::render
