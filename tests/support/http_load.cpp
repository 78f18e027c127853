#include "tests/support/http_load.h"

#include <fmt/format.h>

#include <optional>

#include "tests/support/eventually.h"
#include "tests/support/ws_client.h"

namespace kpm::test {

HttpLoad::HttpLoad(std::uint16_t port, int fresh, int keep_alive, std::string target)
    : port_(port), target_(std::move(target)) {
    for (int i = 0; i < fresh; ++i) threads_.emplace_back([this] { ask(false); });
    for (int i = 0; i < keep_alive; ++i) threads_.emplace_back([this] { ask(true); });
}

HttpLoad::~HttpLoad() {
    stop();
}

HttpLoadFigures HttpLoad::figures() const {
    const std::lock_guard lock(mutex_);
    return figures_;
}

HttpLoadFigures HttpLoad::stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return figures();
}

bool HttpLoad::wait_for(std::uint64_t more) const {
    const auto wanted = figures().requests + more;
    return eventually([&] { return figures().requests >= wanted; });
}

void HttpLoad::ask(bool keeps) {
    while (!stopping_) {
        std::optional<HttpClient> client;
        for (int request = 0; !stopping_; ++request) {
            std::string reason;
            std::optional<HttpReply> reply;
            try {
                if (!client) client.emplace(port_);
                reply = client->get(target_);
                if (!reply)
                    reason = fmt::format("request {} of a connection: {}", request, client->last_error());
                if (reply && reply->status != 200) reason = fmt::format("status {}", reply->status);
            } catch (const std::exception& error) {
                reason = error.what();
            }
            const std::lock_guard lock(mutex_);
            ++figures_.requests;
            if (reply) ++figures_.bodies[reply->body];
            if (!reason.empty()) {
                ++figures_.failures;
                if (figures_.reasons.size() < 20) figures_.reasons.push_back(reason);
            }
            if (!reason.empty() || !keeps || !reply->keep_alive) break;
        }
    }
}

}  // namespace kpm::test
