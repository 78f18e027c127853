// Commands that talk to a running app: send (a line for its standard input), attach (all of the terminal's
// lines), trigger (an action that it has told of).
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <deque>
#include <utility>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/follow.h"
#include "ipc/base/text.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

namespace method = ipc::method;

// How often it is looked whether those that owe a reply still run.
constexpr std::chrono::seconds kLook{1};
// Lines on their way to the daemon before the answer to the first is awaited.
constexpr std::size_t kWindow = 64;

Json line_for(std::string_view id, std::string text) {
    return Json::array({{{"pm_id", id}, {"line", std::move(text)}}});
}

void print_output(const ipc::Event& event, std::string_view id) {
    if (event.topic != ipc::topic::kLogOut && event.topic != ipc::topic::kLogErr) return;
    const auto process = event.payload.find("process");
    if (process == event.payload.end() || text_of(*process, "pm_id") != id) return;
    const std::string data = text_of(event.payload, "data");
    std::fwrite(data.data(), 1, data.size(), stdout);
    std::fflush(stdout);
}

// Standard input, line by line, to the process `id`.
class Typing {
public:
    Typing(ipc::Client& client, std::string_view id, std::string_view separator)
        : client_(client), id_(id), separator_(separator) {}

    // Reads what there is. False: the input has ended, and its last line is sent.
    Result<bool> read_some() {
        char buffer[65536];
        const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) return true;
        if (size < 0) return os_error("read", "standard input", errno);
        pending_.append(buffer, static_cast<std::size_t>(size));
        if (size == 0 && !pending_.empty()) pending_ += '\n';
        for (std::size_t end = 0; (end = pending_.find('\n')) != std::string::npos;
             pending_.erase(0, end + 1)) {
            sent_.push_back(client_.send(method::kSendLineToStdin,
                                         line_for(id_, pending_.substr(0, end) + std::string(separator_))));
            if (sent_.size() < kWindow) continue;
            if (const auto done = finish_first(); !done) return done.error();
        }
        while (!sent_.empty()) {
            if (const auto done = finish_first(); !done) return done.error();
        }
        return size != 0;
    }

private:
    Result<void> finish_first() {
        const auto answer = client_.wait(sent_.front());
        sent_.pop_front();
        return answer ? Result<void>() : answer.error();
    }

    ipc::Client& client_;
    std::string_view id_, separator_;
    std::string pending_;
    std::deque<ipc::Client::Ticket> sent_;
};

// Those that a trigger is meant for and that run.
std::size_t running_of(std::string_view target, const ProcessList& list) {
    return static_cast<std::size_t>(std::ranges::count_if(list.rows, [&](const ProcessRow& row) {
        return row.pid.value_or(0) > 0 && (target == "all" || row.name == target ||
                                           row.name_space == target || std::to_string(row.id) == target);
    }));
}

// Looks from time to time whether those that owe a reply still run, whatever else comes meanwhile.
class Looks {
public:
    Looks(Context& context, std::string_view target) : context_(context), target_(target) {}

    ipc::Timeout until_next() const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_ - Clock::now());
        return std::max(left, std::chrono::milliseconds{0});
    }
    // True at the second look that finds none: a reply from before their end has come by then.
    Result<bool> all_are_gone() {
        if (Clock::now() < next_) return false;
        const auto list = context_.session->list();
        if (!list) return list.error();
        next_ = Clock::now() + kLook;
        const bool runs = running_of(target_, *list) > 0;
        return !std::exchange(runs_, runs) && !runs;
    }

private:
    using Clock = std::chrono::steady_clock;

    Context& context_;
    std::string_view target_;
    Clock::time_point next_ = Clock::now() + kLook;
    bool runs_ = true;
};

}  // namespace

int run_send(Context& context) {
    const auto answer = context.session->call(method::kSendLineToStdin,
                                              line_for(context.word(0), std::string(context.word(1)) + "\n"));
    return answer ? print_list(context) : context.fail("Error: " + answer.error().message);
}

int run_attach(Context& context) {
    const std::string_view id = context.word();
    if (!is_number(id)) {
        context.console.error_line("pm_id must be a process number (not a process name)");
        return kFailed;
    }
    // Before the list: the daemon hands out lines from the end of the turn on in which it has accepted this,
    // and a line that is typed after its answer comes in a later one.
    auto subscriber = ipc::Subscriber::connect(context.home);
    if (!subscriber) return context.fail(subscriber.error());
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    if (find_row(list->rows, Json(std::string(id))) == nullptr)
        return context.fail(fmt::format("cannot attach to '{}': there is no such process", id));
    Typing typing(context.session->client(), id,
                  context.line.words.size() > 1 ? context.word(1) : std::string_view("\n"));
    pollfd polled[] = {{STDIN_FILENO, POLLIN, 0}, {subscriber->fd(), POLLIN, 0}};
    for (;;) {
        if (::poll(polled, 2, -1) < 0 && errno != EINTR)
            return context.fail(os_error("wait for", "standard input", errno));
        if (polled[1].revents != 0) {
            auto event = subscriber->next();
            for (; event && *event; event = subscriber->next()) print_output(**event, id);
            if (!event) return context.fail(event.error());
        }
        if (polled[0].revents == 0) continue;
        const auto more = typing.read_some();
        if (!more) return context.fail("Error: " + more.error().message);
        if (!*more) return kDone;
    }
}

int run_trigger(Context& context) {
    const std::string target(context.word(0));
    const std::string_view action = context.word(1);
    const auto is_of_target = filter_of(target);
    if (!is_of_target) return context.fail(is_of_target.error());
    Json request{{"msg", action}};
    if (context.line.words.size() > 2) request["opts"] = context.word(2);
    request[is_number(target) ? "id" : "name"] = target;  // in PM2's order: the app gets it as it is
    // Before the order: no reply may be missed.
    auto subscriber = ipc::Subscriber::connect(context.home);
    if (!subscriber) return context.fail(subscriber.error());
    const auto answer = context.session->call(method::kMsgProcess, Json::array({std::move(request)}));
    if (!answer) {
        context.console.error_line(answer.error().message);
        return kFailed;
    }
    const auto count = integer_of(*answer, "process_count").value_or(0);
    if (count == 0) {
        context.console.error_line("Not any process has received a command (offline or unexistent)");
        return kFailed;
    }
    const bool as_json = context.line.has("json");
    Json replies = Json::array();
    if (!as_json)
        context.console.line(context.console.paint()(
            fmt::format("{} processes have received command {}", count, action), {Style::Bold}));
    Looks looks(context, target);
    for (std::int64_t left = count; left > 0;) {
        const auto gone = looks.all_are_gone();
        if (!gone) return context.fail(gone.error());
        if (*gone)
            return context.fail(fmt::format("cannot trigger '{}': it ended without an answer", action));
        const auto event = subscriber->next(looks.until_next());
        if (!event) return context.fail(event.error());
        if (!*event) continue;
        const Json& payload = (*event)->payload;
        if ((*event)->topic != ipc::topic::kAxmReply || !payload.is_object() || !payload.contains("process"))
            continue;
        const Json& process = payload["process"];
        if (!(*is_of_target)(process)) continue;
        const Json data = payload.value("data", Json::object());
        const Json value = data.is_object() ? data.value("return", Json()) : Json();
        if (as_json)
            replies.push_back({{"id", integer_of(process, "pm_id").value_or(-1)},
                               {"name", text_of(process, "name")},
                               {"namespace", text_of(process, "namespace")},
                               {"return", value}});
        else
            context.console.line(fmt::format("[{}:{}:{}]={}", printable(text_of(process, "name")),
                                             text_of(process, "pm_id"),
                                             printable(text_of(process, "namespace")),
                                             value.dump(-1, ' ', false, Json::error_handler_t::replace)));
        --left;
    }
    return as_json ? print_json(context, replies) : kDone;
}

}  // namespace kpm::cli
