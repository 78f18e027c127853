#include "render-worker/gpu/shader_source.h"

#include <string_view>

#include <catch2/catch.hpp>

using namespace kpm::render;

namespace {

std::size_t count(std::string_view text, std::string_view word) {
    std::size_t found = 0;
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size()))
        ++found;
    return found;
}

}  // namespace

TEST_CASE("the shader of ES 3.2 is GLSL 3.20 with precise", "[unit][render_gpu]") {
    const std::string source = interpreter_source({.precise = true}, 64);
    CHECK(source.starts_with("#version 320 es\n"));
    CHECK(source.find("#define PRECISE precise\n") != std::string::npos);
}

TEST_CASE("the shader of ES 3.1 is GLSL 3.10 without precise", "[unit][render_gpu]") {
    const std::string source = interpreter_source({.precise = false}, 64);
    CHECK(source.starts_with("#version 310 es\n"));
    CHECK(source.find("#define PRECISE \n") != std::string::npos);
}

TEST_CASE("the shader's slot array has the asked size", "[unit][render_gpu]") {
    CHECK(interpreter_source({}, 1024).find("#define SLOTS 1024\n") != std::string::npos);
}

TEST_CASE("the shader uses no more storage blocks than ES 3.1 promises", "[unit][render_gpu]") {
    CHECK(count(interpreter_source({}, 64), "layout(std430") == 4);
}

TEST_CASE("the shader calls no built-in function whose accuracy is the driver's choice",
          "[unit][render_gpu]") {
    const std::string source = interpreter_source({}, 64);
    for (const char* call : {" sin(", " cos(", " tan(", " asin(", " acos(", " atan(", " exp(", " exp2(",
                             " log(", " pow(", " sqrt(", " fract(", " mod(", " tanh("}) {
        INFO(call);
        // In comments a name may stand: "sin x" has no parenthesis.
        CHECK(count(source, call) == 0);
    }
}
