#include "tests/support/http_load.h"

#include <fmt/format.h>

#include <optional>

#include "tests/support/ws_client.h"

namespace kpm::test {

HttpLoad::HttpLoad(std::uint16_t port, int fresh, int keep_alive, std::string target)
    : port_(port), target_(std::move(target)) {
    for (int i = 0; i < fresh; ++i) clients_.add([this] { ask(false); });
    for (int i = 0; i < keep_alive; ++i) clients_.add([this] { ask(true); });
}

HttpLoadFigures HttpLoad::figures() const {
    const std::lock_guard lock(mutex_);
    return {clients_.figures(), bodies_};
}

HttpLoadFigures HttpLoad::stop() {
    clients_.stop();
    return figures();
}

void HttpLoad::ask(bool keeps) {
    while (!clients_.is_stopping()) {
        std::optional<HttpClient> client;
        for (int request = 0; !clients_.is_stopping(); ++request) {
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
            if (reply) {
                const std::lock_guard lock(mutex_);
                ++bodies_[reply->body];
            }
            clients_.count(reason.empty(), reason);
            if (!reason.empty() || !keeps || !reply->keep_alive) break;
        }
    }
}

}  // namespace kpm::test
