#include "tests/support/render_load.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "ipc/base/json.h"
#include "tests/support/ws_client.h"

namespace kpm::test {
namespace {

constexpr double kRate = 16000;
constexpr int kRequestsPerConnection = 3;
constexpr int kPagesPerConnection = 20;

}  // namespace

RenderLoad::RenderLoad(std::uint16_t port, std::string genome, int sockets, int pages, double duration)
    : port_(port), expected_bytes_(static_cast<std::size_t>(std::floor(kRate * duration + 0.5)) * 2) {
    request_ = Json{
        {"type", "get_audio_data"},
        {"genomeString", std::move(genome)},
        {"duration", duration},
        {"noteDelta", 0},
        {"velocity", 1},
        {"useGPU", false},
        {"sampleRate",
         kRate}}.dump();
    for (int i = 0; i < sockets; ++i) clients_.add([this] { render(); });
    for (int i = 0; i < pages; ++i) clients_.add([this] { visit(); });
}

void RenderLoad::render() {
    while (!clients_.is_stopping()) {
        try {
            WsClient client(port_);
            for (int i = 0; i < kRequestsPerConnection && !clients_.is_stopping(); ++i) {
                if (!client.send(request_)) {
                    clients_.count(false, "websocket: cannot send");
                    break;
                }
                const auto reply = client.receive();
                const bool ok = reply && !reply->text && reply->bytes.size() == expected_bytes_;
                clients_.count(ok, !reply ? fmt::format("websocket, request {}: {}", i, client.last_error())
                                          : fmt::format("websocket: {} bytes {}", reply->bytes.size(),
                                                        reply->text ? reply->bytes : ""));
                if (!ok) break;
            }
            client.close();
        } catch (const std::exception&) {
            clients_.count(false, "websocket: cannot connect");
        }
    }
}

void RenderLoad::visit() {
    while (!clients_.is_stopping()) {
        try {
            HttpClient client(port_);
            for (int i = 0; i < kPagesPerConnection && !clients_.is_stopping(); ++i) {
                const auto reply = client.get("/health");
                clients_.count(reply && reply->status == 200,
                               !reply ? fmt::format("http, request {}: {}", i, client.last_error())
                                      : fmt::format("http: status {}", reply->status));
                if (!reply || !reply->keep_alive) break;
            }
        } catch (const std::exception&) {
            clients_.count(false, "http: cannot connect");
        }
    }
}

}  // namespace kpm::test
