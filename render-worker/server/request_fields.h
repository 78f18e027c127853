#pragma once
// Reads the fields that the requests of all formats share. A field that is missing or null keeps its default,
// as `undefined` does in the originals. The first mistake is kept; after it nothing is read any more. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "render-worker/renderer.h"

namespace kpm::render {

// The longest sound of one request, in samples: ten minutes at 48 kHz. Bounds the memory that one message can
// claim.
inline constexpr double kMaxSamples = 48000.0 * 600;

class RequestFields {
public:
    // `message` is an object and outlives the reader.
    explicit RequestFields(const Json& message) : message_(message) {}

    // nullptr when absent.
    const Json* find(const char* field) const;
    void number(const char* field, double& target);
    // JavaScript's clients may send 0 and 1.
    void flag(const char* field, bool& target);
    void count(const char* field, std::size_t& target, std::size_t max);
    // A text, or a number as text; empty when absent.
    std::string id(const char* field);
    // A number of semitones, or {r1, r2}.
    void note_delta(RenderRequest& request);
    // duration, noteDelta, velocity and sampleRate; reverse, antiAliasing, inharmonicity, and what the note
    // applies to.
    void sound(RenderRequest& request);
    // Refuses lengths that nobody may ask for.
    void check_length(const RenderRequest& request);

    void fail(std::string message);
    void wrong_type(std::string_view field, std::string_view expected, const Json& found);
    const std::optional<Error>& error() const { return error_; }

private:
    const Json& message_;
    std::optional<Error> error_;
};

}  // namespace kpm::render
