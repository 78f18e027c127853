#pragma once
// The connection of one command to the daemon of its home: starts the daemon when there is none, and refuses
// a home in which PM2's own daemon runs (unless the variable KPM_ALLOW_PM2 is 1, which is meant for comparing
// the two). Speaks kpm's methods where the daemon has them, since those answer only after the outcome is
// known, PM2's otherwise.

#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/process_row.h"
#include "ipc/base/json.h"
#include "ipc/base/keeper_version.h"
#include "ipc/base/result.h"
#include "ipc/client.h"
#include "ipc/home.h"

namespace kpm::cli {

// getMonitorData's answer and the rows read from it, which point into it.
struct ProcessList {
    Json data;
    std::vector<ProcessRow> rows;
};

// What a command asks for in any case. To a daemon that runs it goes along with the greeting, which saves a
// round trip.
enum class Question {
    None,
    List,       // answer()
    BriefList,  // first_list()
};

// What a daemon's greeting tells of it.
int keeper_version_in(const Json& hello);

class Session {
public:
    enum class IfAbsent { Launch, Fail };

    // With Fail: NotFound when no daemon runs. Says on the console that a daemon is started.
    static Result<Session> open(const ipc::Home& home, Console& console, IfAbsent if_absent,
                                Question question = Question::None);

    bool is_kpm() const { return is_kpm_; }
    const std::string& daemon_version() const { return daemon_version_; }
    // Did this session start the daemon?
    bool is_new() const { return is_new_; }
    // What `instances: max` means to the daemon.
    unsigned cpus() const { return cpus_; }
    // Of what the daemon says to its keeper: a kpmd of another one cannot take its place.
    int keeper_version() const { return keeper_version_; }
    ipc::Client& client() { return client_; }

    Result<Json> call(std::string_view method, Json args = Json::array({Json::object()})) {
        return client_.call(method, std::move(args));
    }
    // The list as the text that came, once.
    Result<std::string> answer();
    Result<ProcessList> list();
    // Without the environments of the apps: enough for lists and targets, and a fraction of the bytes.
    Result<ProcessList> brief_list();
    // The same as it was at the greeting, once: for who has changed nothing since.
    Result<ProcessList> first_list();
    static Json brief_list_args();

    // What a list on the terminal is made of.
    struct Shown {
        Result<Json> system;
        Result<Json> data;  // as of brief_list()
    };
    // For who does something first and shows a list then: the machine's figures may take the daemon a tenth
    // of a second, of which nothing is left by then.
    void prepare_to_show();
    // Asks for it and does not wait: for who has something else to wait for before it shows a list.
    void ask_to_show();
    // What was asked for ahead, unless anything else was sent since, which may have changed it; else anew.
    Shown to_show();

private:
    // `is_dying`: a daemon was there, and closed the connection before it said a word.
    static Result<Session> open_once(const ipc::Home& home, Console& console, IfAbsent if_absent,
                                     Question question, bool& is_dying);
    explicit Session(ipc::Client client) : client_(std::move(client)) {}
    Result<void> identify();

    ipc::Client client_;
    bool is_prepared_ = false;  // to show a list
    Question question_ = Question::None;
    std::optional<ipc::Client::Ticket> asked_;  // the question
    struct {
        ipc::Client::Ticket system = 0, data = 0;
    } ahead_;  // by ask_to_show()
    bool is_kpm_ = false;
    bool is_new_ = false;
    unsigned cpus_ = 1;
    int keeper_version_ = kUntoldKeeperVersion;
    std::string daemon_version_;
};

}  // namespace kpm::cli
