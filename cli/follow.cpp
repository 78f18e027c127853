#include "cli/follow.h"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <thread>
#include <utility>

#include "cli/name_pattern.h"
#include "cli/process_row.h"
#include "ipc/client.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr std::chrono::milliseconds kReconnect{100};

// False: the reader of standard output has gone.
bool wait_for_news(int events) {
    pollfd watched[] = {{events, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
    poll(watched, 2, -1);
    return (watched[1].revents & (POLLERR | POLLNVAL)) == 0;
}

void print_event(const ipc::Event& event, const Following& following, LiveLog& log) {
    if (event.topic == ipc::topic::kProcessEvent) {
        const std::string text = log.event_text(event.payload, now_ms());
        std::fwrite(text.data(), 1, text.size(), stdout);
        return;
    }
    const bool is_out = event.topic == ipc::topic::kLogOut;
    const bool is_error = event.topic == ipc::topic::kLogErr;
    const bool is_daemon = event.topic == ipc::topic::kLogPm2;
    if (!(is_out && following.out) && !(is_error && following.error) && !(is_daemon && following.daemon))
        return;
    static const Json kNone = Json::object();
    const auto process = event.payload.is_object() ? event.payload.find("process") : event.payload.end();
    const bool has_process = event.payload.is_object() && process != event.payload.end();
    if (!is_daemon && !following.is_wanted(has_process ? *process : kNone)) return;
    const Stream stream = is_out ? Stream::Out : is_error ? Stream::Error : Stream::Daemon;
    const std::string text = log.text(stream, event.payload, now_ms());
    const bool to_stderr = is_error && following.look.shape == LogShape::Raw;
    std::fwrite(text.data(), 1, text.size(), to_stderr ? stderr : stdout);
}

}  // namespace

Result<ProcessFilter> filter_of(const std::string& target) {
    if (target.empty() || target == "all") return ProcessFilter([](const Json&) { return true; });
    std::optional<NamePattern> pattern;
    if (NamePattern::is_one(target)) {
        auto parsed = NamePattern::parse(target);
        if (!parsed) return parsed.error();
        pattern = std::move(*parsed);
    }
    return ProcessFilter([target, pattern](const Json& process) {
        const std::string name = text_of(process, "name");
        return name == target || text_of(process, "pm_id") == target ||
               text_of(process, "namespace") == target || (pattern && pattern->matches(name));
    });
}

int follow(Context& context, const Following& following, std::optional<ipc::Subscriber> first) {
    LiveLog log(following.look, context.console.paint());
    for (;;) {
        auto subscriber = first ? Result<ipc::Subscriber>(std::move(*std::exchange(first, std::nullopt)))
                                : ipc::Subscriber::connect(context.home);
        while (subscriber) {
            auto event = subscriber->next();
            if (!event) break;
            if (!*event) {
                if (!wait_for_news(subscriber->fd())) return kDone;
                continue;
            }
            print_event(**event, following, log);
            std::fflush(stdout);
            if (std::ferror(stdout) != 0) return kDone;
        }
        std::this_thread::sleep_for(kReconnect);
    }
}

int follow_reached(Context& context) {
    if (context.reached.empty()) return kDone;
    Following following;
    following.is_wanted = [&context](const Json& process) {
        return context.reached.contains(text_of(process, "pm_id"));
    };
    return follow(context, following);
}

}  // namespace kpm::cli
