#include "cli/monit/daemon_link.h"

#include <algorithm>

#include "cli/actions.h"
#include "ipc/protocol.h"

namespace kpm::cli::monit {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kInterval{800};  // PM2's
constexpr milliseconds kSoon{100};      // after an event that changed something
constexpr milliseconds kReconnect{200};
constexpr milliseconds kConnectLimit{500};  // the only time that is ever waited
constexpr milliseconds kPatience{5000};     // then the daemon is called silent
constexpr int kShareOfTime = 5;             // a long list is asked for in at most a fifth of the time
constexpr int kBatch = 500;                 // events before keys are looked at again

Action action_of(Verb verb) {
    switch (verb) {
        case Verb::Restart:
            return Action::Restart;
        case Verb::Reload:
            return Action::Reload;
        case Verb::Stop:
            return Action::Stop;
    }
    return Action::Restart;
}

}  // namespace

std::vector<News> DaemonLink::advance(Clock::time_point now) {
    std::vector<News> news;
    due_ = now + kInterval;
    if (!client_) {
        if (now < next_connect_) {
            due_ = next_connect_;
            return news;
        }
        connect(news);
        if (!client_) {
            next_connect_ = due_ = now + kReconnect;
            return news;
        }
        ask_list(now);
    }
    if (!take_list(now, news) || !take_events(now, news)) {
        lose(news);
        next_connect_ = due_ = now + kReconnect;
        return news;
    }
    take_outcomes(news);
    if (!list_ && now >= next_list_) ask_list(now);
    due_ = std::min(due_, list_ ? asked_list_at_ + kPatience : next_list_);
    if (list_ && connection_ != Connection::Silent && now >= asked_list_at_ + kPatience)
        become(Connection::Silent, news);
    if (connection_ == Connection::Silent) due_ = now + kInterval;
    return news;
}

void DaemonLink::connect(std::vector<News>& news) {
    auto client = ipc::Client::connect(home_, kConnectLimit);
    auto subscriber = client ? ipc::Subscriber::connect(home_) : Result<ipc::Subscriber>(client.error());
    if (!subscriber) return become(Connection::Lost, news);
    client_ = std::move(*client);
    subscriber_ = std::move(*subscriber);
    hello_ = client_->send(ipc::method::kHello);
}

void DaemonLink::lose(std::vector<News>& news) {
    client_.reset();
    subscriber_.reset();
    hello_.reset();
    list_.reset();
    notices_.clear();
    for (Asked& asked : asked_)
        news.push_back(Finished{std::move(asked.task), "the daemon went away before it answered"});
    asked_.clear();
    become(Connection::Lost, news);
}

void DaemonLink::become(Connection connection, std::vector<News>& news) {
    if (connection == connection_) return;
    connection_ = connection;
    news.push_back(ConnectionChanged{connection});
}

void DaemonLink::ask_list(Clock::time_point now) {
    list_ = client_->send(ipc::method::kGetMonitorData);
    asked_list_at_ = now;
}

bool DaemonLink::take_list(Clock::time_point now, std::vector<News>& news) {
    if (hello_) {
        const auto answer = client_->try_wait(*hello_);
        if (!answer || *answer) {
            is_kpm_ = answer.has_value();  // PM2's daemon has no such method
            hello_.reset();
        }
    }
    if (!list_) return true;
    auto answer = client_->try_wait(*list_);
    if (!answer) return false;
    if (!*answer) return true;
    list_.reset();
    next_list_ = now + std::max<Clock::duration>(kInterval, kShareOfTime * (now - asked_list_at_));
    ProcessList list{std::move(**answer), {}};
    list.rows = read_rows(list.data);
    news.push_back(Listed{std::move(list)});
    become(Connection::Live, news);
    return true;
}

bool DaemonLink::take_events(Clock::time_point now, std::vector<News>& news) {
    for (int taken = 0; taken < kBatch; ++taken) {
        const auto event = subscriber_->next();
        if (!event) return false;
        if (!*event) return true;
        take_event(**event, now, news);
    }
    due_ = now;
    return true;
}

void DaemonLink::take_event(const ipc::Event& event, Clock::time_point now, std::vector<News>& news) {
    const bool is_error = event.topic == ipc::topic::kLogErr;
    if (!event.payload.is_object()) return;
    if (is_error || event.topic == ipc::topic::kLogOut) {
        const auto process = event.payload.find("process");
        const auto app = process == event.payload.end() ? std::nullopt : integer_of(*process, "pm_id");
        if (app) news.push_back(Printed{*app, is_error, text_of(event.payload, "data")});
    } else if (event.topic == ipc::topic::kProcessEvent) {
        next_list_ = std::min(next_list_, now + kSoon);
    } else if (event.topic == ipc::topic::kDropped) {
        news.push_back(EventsLost{integer_of(event.payload, "count").value_or(0)});
    }
}

void DaemonLink::act(const Task& task) {
    if (!client_) return;
    const Json env{{"current_conf", Json::object()}};
    asked_.push_back({task, send_action(*client_, is_kpm_, action_of(task.verb), task.id, env)});
    due_ = {};
}

void DaemonLink::take_outcomes(std::vector<News>& news) {
    std::erase_if(notices_, [this](ipc::Client::Ticket ticket) {
        const auto answer = client_->try_wait(ticket);
        return !answer || answer->has_value();
    });
    std::erase_if(asked_, [&](const Asked& asked) {
        auto answer = client_->try_wait(asked.ticket);
        if (answer && !*answer) return false;
        const auto failure =
            failure_in(answer ? Result<Json>(std::move(**answer)) : Result<Json>(answer.error()));
        if (!failure) notices_.push_back(send_notice(*client_, action_of(asked.task.verb), asked.task.id));
        news.push_back(Finished{asked.task, failure ? failure->message : std::string()});
        return true;
    });
}

std::vector<pollfd> DaemonLink::polled() const {
    if (!client_) return {};
    const short writes = client_->has_unsent() ? POLLOUT : 0;
    return {{client_->fd(), static_cast<short>(POLLIN | writes), 0}, {subscriber_->fd(), POLLIN, 0}};
}

}  // namespace kpm::cli::monit
