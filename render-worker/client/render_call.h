#pragma once
// One render request to a render-worker, as KromoSynth's web client sends it, and its answer. Blocking, with
// a deadline.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ipc/base/result.h"

namespace kpm::render {

struct ServerUrl {
    std::string host;
    std::string port;
    std::string path = "/";
};

// ws://host[:port][/path]; the port is 80 when absent, an IPv6 host stands in brackets. Errors: Invalid.
Result<ServerUrl> parse_url(const std::string& url);

struct RenderCall {
    std::string url = "ws://127.0.0.1:3000";
    std::string genome;  // the file's text
    double duration = 1;
    double note_delta = 0;
    double velocity = 1;
    double sample_rate = 48000;
    std::chrono::milliseconds timeout{120000};
    // Called about ten times a second while the answer is awaited, with the time since the request.
    std::function<void(std::chrono::milliseconds)> waiting;
};

// The samples of the sound. Errors: Unavailable (no server, it left, no answer in time), Invalid (error
// reply, wrong length, silence).
Result<std::vector<std::int16_t>> request_render(const RenderCall& call);

// round(sample_rate * duration), as JavaScript rounds.
std::size_t expected_samples(const RenderCall& call);

// 16-bit little-endian PCM; Invalid when it has not `expected` samples or nothing but zeros.
Result<std::vector<std::int16_t>> read_pcm(const std::string& bytes, std::size_t expected);

}  // namespace kpm::render
