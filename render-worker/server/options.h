#pragma once
// What the server of the render-worker can be told. Filled by main from the command line; read by all parts.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace kpm::render {

// Bytes of a message for which its deadline moves by a second: a long one may come over a slow line.
inline constexpr std::size_t kSlowestMessage = 64u << 10;

struct ServerOptions {
    std::string host = "0.0.0.0";
    std::uint16_t port = 3000;                 // 0 = any free port
    std::string host_info_file;                // gets "host:port" when the worker is ready; empty: none
    std::string suspects;                      // directory that the app's workers share, see suspects.h
    std::size_t max_message = 128u << 20;      // bytes of one incoming WebSocket message
    std::size_t queue = 64;                    // jobs that may wait while another one is rendered
    std::size_t max_queue_bytes = 512u << 20;  // bytes of the messages that wait
    std::size_t max_output = 64u << 20;        // bytes of replies that may wait for one slow reader
    std::size_t max_all_output = 512u << 20;   // bytes of replies of all; beyond, the slowest is cut off
    std::chrono::milliseconds drain_idle{
        2000};  // how long a connection must be quiet before a drain closes it
    std::chrono::milliseconds stop_deadline{
        30000};  // from the first signal to the exit, whatever is in flight
    std::chrono::milliseconds ping_interval{20000};  // a peer silent for twice this long is gone
    std::chrono::milliseconds request_timeout{
        60000};  // HTTP: from the last answer to the first byte of the next request
    std::chrono::milliseconds render_timeout{
        300000};  // for one job, longer than any of KromoSynth's clients waits; 0: none
    std::chrono::milliseconds start_timeout{120000};  // for the engine to be there; 0: none
    std::chrono::milliseconds stuck_grace{10000};  // from then on, for the render thread to give the job up
    std::chrono::milliseconds header_timeout{10000};  // HTTP: from a request's first byte to its last
    std::chrono::milliseconds message_timeout{
        60000};  // WebSocket: from a message's first byte to its last, and kSlowestMessage beside it
    std::size_t fetch_threads = 4;  // genomes that are fetched at the same time
};

}  // namespace kpm::render
