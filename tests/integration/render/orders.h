#pragma once
// The messages that tests send to the gate worker, and a file that opens its gate.

#include <fstream>
#include <string>

#include "ipc/base/json.h"
#include "tests/support/temp_dir.h"
#include "tests/support/ws_client.h"

namespace kpm::test {

// 8 samples unless told otherwise.
inline std::string order(const Json& genome, double duration = 0.001) {
    return Json{
        {"type", "get_audio_data"}, {"genomeString", genome}, {"duration", duration}, {"sampleRate", 8000}}
        .dump();
}

class Gate {
public:
    std::string path() const { return (directory_.path() / "open").string(); }
    Json genome() const { return {{"gate", path()}}; }
    void open() { std::ofstream{path()}; }

private:
    TempDir directory_;
};

// The error message's text, after which the empty binary message was seen; empty when the answer was another.
inline std::string receive_failure(WsClient& client) {
    const auto text = client.receive();
    if (!text || !text->text) return {};
    const auto empty = client.receive();
    if (!empty || empty->text || !empty->bytes.empty()) return {};
    return Json::parse(text->bytes).at("message").get<std::string>();
}

// Bytes of the next binary message; 0 when something else came.
inline std::size_t receive_sound(WsClient& client) {
    const auto message = client.receive();
    return message && !message->text ? message->bytes.size() : 0;
}

// What /ready says about jobs queued and running.
inline int jobs(HttpClient& http) {
    return Json::parse(http.get("/ready")->body).at("jobs").get<int>();
}

}  // namespace kpm::test
