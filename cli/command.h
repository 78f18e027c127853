#pragma once
// A command of the CLI: its names, its help, its own options and the function that runs it.
// cli/commands/table.cpp lists them all.
//
// Exit codes: those of PM2, which knows only two.
//   0  done; also: nothing to do (a stop of what is stopped, a flush or pid without a match, save of an empty
//   list) 1  an unknown target, command or option; a missing file, script or interpreter; a wrong attribute;
//   an app that did
//      not reach its goal; no daemon to talk to

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cli/console.h"
#include "cli/launches.h"
#include "cli/options.h"
#include "cli/session.h"
#include "ecosystem/environment.h"
#include "ipc/home.h"

namespace kpm::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;

enum class NeedsDaemon {
    Yes,        // started when absent
    IfRunning,  // the command has something to say without one
    No,
};

struct Command;

struct Context {
    const Command& command;
    CommandLine& line;
    Console& console;
    ipc::Home home;
    std::string cwd;
    Session* session = nullptr;          // null: none runs or none is needed
    Launches launches = {};              // what this command has started so far
    std::set<std::string> reached = {};  // ids that it has started or acted on
    std::optional<Session> successor = {};
    // The shell's, as configuration files have changed it; not given: they have not.
    std::optional<ecosystem::Environment> env = {};

    // For a command that has replaced the daemon: what comes after it speaks to the new one, too.
    void go_on_with(Session other) {
        successor = std::move(other);
        session = &*successor;
    }

    // The first word after the command; "" when there is none.
    std::string_view word(std::size_t index = 0) const {
        return index < line.words.size() ? std::string_view(line.words[index]) : std::string_view();
    }
    int fail(std::string_view text) const {
        console.error(text);
        return kFailed;
    }
    int fail(const Error& error) const { return fail(error.message); }
};

struct Command {
    std::string_view name;
    std::string_view aliases;  // separated by blanks
    std::string_view args;     // "<id|name>" or "[name]"; "..." in it: several
    std::string_view help;
    int (*run)(Context&);
    std::span<const OptionSpec> options = {};
    NeedsDaemon daemon = NeedsDaemon::Yes;
    bool machine_output = false;  // stdout carries nothing but the answer
    bool refuses_words = false;
    std::string_view choices = {};  // words that may stand first, separated by blanks; for completion
    bool env_is_switch = false;     // --env takes no name here
    enum class Ends { Yes, No, UnlessWatching } ends = Ends::Yes;  // UnlessWatching: not with --watch
    Question question = Question::None;
    // Whether kpm reads no further behind these words, since the rest is another program's.
    bool (*ends_line)(std::span<const std::string> words) = nullptr;

    // Goes on until it is interrupted.
    bool is_endless(const CommandLine& given) const {
        return ends == Ends::No || (ends == Ends::UnlessWatching && given.has("watch"));
    }
};

std::span<const Command> commands();

const Command* find_command(std::string_view name);

}  // namespace kpm::cli
