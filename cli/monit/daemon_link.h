#pragma once
// What `kpm monit` hears from the daemon and asks of it, without ever waiting for an answer. Driven by the
// command's loop; connects again when the daemon was replaced, killed or started anew.

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/monit/monit_model.h"
#include "cli/session.h"
#include "ipc/client.h"
#include "ipc/home.h"

namespace kpm::cli::monit {

struct ConnectionChanged {
    Connection connection = Connection::Connecting;
};
struct Listed {
    ProcessList list;
};
struct Printed {
    std::int64_t app = 0;
    bool is_error = false;
    std::string data;
};
struct EventsLost {
    std::int64_t count = 0;  // log lines and others
};
struct Finished {
    Task task;
    std::string reason;  // "" = done
};
using News = std::variant<ConnectionChanged, Listed, Printed, EventsLost, Finished>;

class DaemonLink {
public:
    using Clock = std::chrono::steady_clock;

    explicit DaemonLink(ipc::Home home) : home_(std::move(home)) {}

    // Takes what has come and asks what is due. A batch at a time: there may be more, then next_due() is now.
    std::vector<News> advance(Clock::time_point now);
    // Its outcome comes as news; lost connections are outcomes, too.
    void act(const Task& task);

    std::vector<pollfd> polled() const;
    Clock::time_point next_due() const { return due_; }

private:
    struct Asked {
        Task task;
        ipc::Client::Ticket ticket;
    };

    void connect(std::vector<News>& news);
    void lose(std::vector<News>& news);
    void ask_list(Clock::time_point now);
    bool take_list(Clock::time_point now, std::vector<News>& news);  // false: the connection is lost
    bool take_events(Clock::time_point now, std::vector<News>& news);
    void take_event(const ipc::Event& event, Clock::time_point now, std::vector<News>& news);
    void take_outcomes(std::vector<News>& news);
    void become(Connection connection, std::vector<News>& news);

    ipc::Home home_;
    std::optional<ipc::Client> client_;
    std::optional<ipc::Subscriber> subscriber_;
    bool is_kpm_ = false;
    Connection connection_ = Connection::Connecting;
    std::optional<ipc::Client::Ticket> hello_, list_;
    std::vector<ipc::Client::Ticket> notices_;  // answers that nobody looks at
    std::vector<Asked> asked_;
    Clock::time_point asked_list_at_{}, next_list_{}, next_connect_{};
    Clock::time_point due_{};
};

}  // namespace kpm::cli::monit
