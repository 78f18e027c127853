#include "render-worker/client/render_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include "ipc/base/json.h"
#include "ipc/base/text.h"

namespace kpm::render {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};

// Runs the call step by step on its own loop; each step is awaited until the common deadline.
class Exchange {
public:
    explicit Exchange(const RenderCall& call) : call_(call), deadline_(steady_clock::now() + call.timeout) {}

    Result<std::string> run(const ServerUrl& url) {
        if (Result<void> done = connect(url); !done) return done.error();
        // What KromoSynth's web client sends, with the genome in place of its URL.
        const Json request = {{"type", "get_audio_data"},
                              {"genomeString", call_.genome},
                              {"duration", call_.duration},
                              {"noteDelta", call_.note_delta},
                              {"velocity", call_.velocity},
                              {"reverse", false},
                              {"useOvertoneInharmonicityFactors", true},
                              {"sampleRate", call_.sample_rate}};
        const std::string text = request.dump(-1, ' ', false, Json::error_handler_t::replace);
        if (Result<void> done = step("send to",
                                     [&](auto next) {
                                         socket_.async_write(
                                             asio::buffer(text),
                                             [next](const beast::error_code& e, std::size_t) { next(e); });
                                     });
            !done)
            return done.error();
        return answer();
    }

private:
    Result<void> connect(const ServerUrl& url) {
        tcp::resolver::results_type endpoints;
        tcp::resolver resolver(io_);
        Result<void> done = step("reach", [&](auto next) {
            resolver.async_resolve(url.host, url.port,
                                   [&endpoints, next](const beast::error_code& e, auto found) {
                                       endpoints = std::move(found);
                                       next(e);
                                   });
        });
        if (!done) return done;
        done = step("reach", [&](auto next) {
            beast::get_lowest_layer(socket_).async_connect(
                endpoints, [next](const beast::error_code& e, const tcp::endpoint&) { next(e); });
        });
        if (!done) return done;
        socket_.read_message_max(0);
        return step("open a WebSocket to", [&](auto next) {
            socket_.async_handshake(url.host + ":" + url.port, url.path,
                                    [next](const beast::error_code& e) { next(e); });
        });
    }

    Result<std::string> answer() {
        std::string problem;
        for (;;) {
            beast::flat_buffer buffer;
            const Result<void> done = step("read from", [&](auto next) {
                socket_.async_read(buffer, [next](const beast::error_code& e, std::size_t) { next(e); });
            });
            if (!done) return done.error();
            std::string message = beast::buffers_to_string(buffer.data());
            if (socket_.got_binary()) {
                if (message.empty()) return refused(problem);
                return message;
            }
            const Json text = Json::parse(message, nullptr, false);
            if (!text.is_object() || text.value("type", "") != "error") continue;  // a greeting
            problem = text.contains("message") && text["message"].is_string()
                          ? text["message"].get<std::string>()
                          : message;
        }
    }

    Error refused(const std::string& problem) const {
        return {ErrorCode::Invalid, fmt::format("cannot render on '{}': {}", call_.url,
                                                problem.empty() ? "the server gave no reason" : problem)};
    }

    template <class Start>
    Result<void> step(const char* verb, Start start) {
        std::optional<beast::error_code> outcome;
        start([&outcome](const beast::error_code& error) { outcome = error; });
        io_.restart();
        const auto begin = steady_clock::now();
        while (!outcome && steady_clock::now() < deadline_) {
            io_.run_for(kTick);
            if (call_.waiting)
                call_.waiting(
                    std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin));
        }
        if (!outcome) {
            beast::get_lowest_layer(socket_).close();
            io_.restart();
            io_.run();  // the aborted operation uses this frame's variables
            return Error{ErrorCode::Unavailable, fmt::format("cannot {} '{}': no answer in {} s", verb,
                                                             call_.url, call_.timeout.count() / 1000)};
        }
        if (*outcome)
            return Error{ErrorCode::Unavailable,
                         fmt::format("cannot {} '{}': {}", verb, call_.url, outcome->message())};
        return {};
    }

    const RenderCall& call_;
    steady_clock::time_point deadline_;
    asio::io_context io_;
    websocket::stream<beast::tcp_stream> socket_{io_};
};

}  // namespace

Result<ServerUrl> parse_url(const std::string& url) {
    const auto invalid = [&](const char* reason) {
        return Error{ErrorCode::Invalid, fmt::format("cannot use url '{}': {}", url, reason)};
    };
    constexpr std::string_view kScheme = "ws://";
    if (!url.starts_with(kScheme)) return invalid("it must begin with ws://");
    const std::string rest = url.substr(kScheme.size());
    ServerUrl parsed{.host = {}, .port = "80"};
    const std::size_t slash = rest.find('/');
    std::string host = rest.substr(0, slash);
    if (slash != std::string::npos) parsed.path = rest.substr(slash);
    const std::size_t colon = host.rfind(':');
    if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
        parsed.port = host.substr(colon + 1);
        host.resize(colon);
    }
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.empty()) return invalid("it names no host");
    if (!is_number(parsed.port)) return invalid("its port is not a number");
    parsed.host = host;
    return parsed;
}

std::size_t expected_samples(const RenderCall& call) {
    return static_cast<std::size_t>(std::max(0.0, std::floor(call.sample_rate * call.duration + 0.5)));
}

Result<std::vector<std::int16_t>> read_pcm(const std::string& bytes, std::size_t expected) {
    if (bytes.size() != expected * 2)
        return Error{ErrorCode::Invalid, fmt::format("cannot use the sound: it has {} bytes, expected {}",
                                                     bytes.size(), expected * 2)};
    std::vector<std::int16_t> samples(expected);
    for (std::size_t i = 0; i < expected; ++i)
        samples[i] = static_cast<std::int16_t>(static_cast<unsigned char>(bytes[2 * i]) |
                                               static_cast<unsigned char>(bytes[2 * i + 1]) << 8);
    if (std::ranges::all_of(samples, [](std::int16_t sample) { return sample == 0; }))
        return Error{ErrorCode::Invalid, "cannot use the sound: it is silent"};
    return samples;
}

Result<std::vector<std::int16_t>> request_render(const RenderCall& call) {
    const Result<ServerUrl> url = parse_url(call.url);
    if (!url) return url.error();
    const Result<std::string> bytes = Exchange(call).run(*url);
    if (!bytes) return bytes.error();
    return read_pcm(*bytes, expected_samples(call));
}

}  // namespace kpm::render
