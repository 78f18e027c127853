#pragma once
// The state of `kpm monit`: what is known of the processes, their logs, and where the user is in it. Told of
// what happens, answers key presses with what is to be done; the command's loop does it. No I/O, no clock:
// times are given, in ms since 1970.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "cli/monit/app_table.h"
#include "cli/monit/key.h"
#include "cli/monit/log_buffer.h"

namespace kpm::cli::monit {

enum class Pane { List, Logs, Metrics, Metadata };
inline constexpr int kPanes = 4;

enum class Mode { Browse, Filter, ConfirmStop, Help };

enum class Connection {
    Connecting,  // not yet, or not yet known to work
    Live,
    Silent,  // connected, but the daemon does not answer
    Lost,
};

enum class Verb { Restart, Reload, Stop };

// To be asked of the daemon.
struct Task {
    Verb verb = Verb::Restart;
    std::int64_t id = 0;
    std::string name;
};
struct Nothing {};
struct Quit {};
struct Suspend {};
struct Redraw {};
using Effect = std::variant<Nothing, Quit, Suspend, Redraw, Task>;

// The last thing to say; the view lets it go after a while.
struct Notice {
    std::string text;
    bool is_error = false;
    std::int64_t at = 0;
};

class Model {
public:
    Effect press(const Key& key, std::int64_t now);

    void update(ProcessList list);
    void add_log(std::int64_t app, bool is_error, std::string_view data);
    // `reason` is empty when the task is done.
    void finish(const Task& task, std::string_view reason, std::int64_t now);
    void set_connection(Connection connection, std::int64_t now);
    void say(std::string text, bool is_error, std::int64_t now) {
        notice_ = {std::move(text), is_error, now};
    }

    const AppTable& apps() const { return apps_; }
    const LogBuffer& logs() const { return logs_; }
    Pane focus() const { return focus_; }
    Mode mode() const { return mode_; }
    Connection connection() const { return connection_; }
    const Notice& notice() const { return notice_; }
    const Task& asked() const { return asked_; }  // in Mode::ConfirmStop
    // How far the pane is scrolled: lines from the top, of the logs lines from the end.
    std::size_t scroll(Pane pane) const { return scroll_[static_cast<std::size_t>(pane)]; }

private:
    Effect browse(const Key& key, std::int64_t now);
    Effect command(char32_t letter, std::int64_t now);
    void edit_filter(const Key& key);
    Effect confirm(const Key& key, std::int64_t now);
    Effect begin(const Task& task, std::int64_t now);
    Effect ask(Verb verb, std::int64_t now);
    void move(long lines);
    void focus_by(int steps);
    void select_anew(const ProcessRow* before);

    AppTable apps_;
    LogBuffer logs_;
    Pane focus_ = Pane::List;
    Mode mode_ = Mode::Browse;
    Connection connection_ = Connection::Connecting;
    bool was_live_ = false;
    Notice notice_;
    Task asked_;
    std::set<std::int64_t> busy_;  // ids with a task under way
    std::size_t scroll_[kPanes] = {};
};

}  // namespace kpm::cli::monit
