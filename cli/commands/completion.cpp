// completion: the tab key's script, its installation, and the answers that it asks for.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <set>

#include "cli/commands/groups.h"
#include "cli/complete.h"
#include "cli/completion_script.h"
#include "cli/user_file.h"
#include "ipc/base/user.h"

namespace kpm::cli {
namespace {

constexpr const char* kHelpVariable = "KPM_COMPLETION_HELP";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// What runs may be completed; nothing is started for it.
std::vector<Candidate> running_apps(const Context& context) {
    auto session = Session::open(context.home, context.console, Session::IfAbsent::Fail);
    if (!session) return {};
    const auto list = session->brief_list();
    if (!list) return {};
    std::vector<Candidate> candidates;
    std::set<std::string> seen;
    const auto add = [&](const std::string& word, std::string help) {
        if (!word.empty() && seen.insert(word).second) candidates.push_back({word, std::move(help)});
    };
    for (const ProcessRow& row : list->rows) add(printable(row.name), row.status);
    for (const ProcessRow& row : list->rows) add(std::to_string(row.id), printable(row.name));
    for (const ProcessRow& row : list->rows) add(printable(row.name_space), "namespace");
    return candidates;
}

int answer(Context& context) {
    std::vector<std::string> words = context.line.app_args;
    const std::string place = variable("COMP_CWORD");
    std::size_t index = words.size();
    if (std::from_chars(place.data(), place.data() + place.size(), index).ec == std::errc())
        words.resize(std::min(index, words.size()) + 1);
    const bool with_help = !variable(kHelpVariable).empty();
    std::string text;
    for (const Candidate& candidate : complete(words, [&] { return running_apps(context); })) {
        text += candidate.word;
        if (with_help && !candidate.help.empty()) text += "\t" + candidate.help;
        text += "\n";
    }
    context.console.output(text);
    return kDone;
}

Result<std::string> home_directory() {
    if (std::string home = variable("HOME"); !home.empty()) return home;
    const auto user = find_user(geteuid());
    if (!user) return Error{ErrorCode::NotFound, "cannot find your home directory: HOME is not set"};
    return user->directory;
}

// fish reads a folder of completions; the others have one file that a user writes as well.
Result<std::string> file_of(Shell shell) {
    const auto home = home_directory();
    if (!home) return home.error();
    if (shell == Shell::Bash) return *home + "/.bashrc";
    if (shell == Shell::Zsh) {
        const std::string folder = variable("ZDOTDIR");
        return (folder.empty() ? *home : folder) + "/.zshrc";
    }
    const std::string folder = variable("XDG_CONFIG_HOME");
    return (folder.empty() ? *home + "/.config" : folder) + "/fish/completions/kpm.fish";
}

int install(Context& context, Shell shell) {
    const auto path = file_of(shell);
    if (!path) return context.fail(path.error());
    const auto text = read_user_file(*path);
    if (!text && text.error().code != ErrorCode::NotFound) return context.fail(text.error());
    const std::string changed = with_script(text ? *text : "", completion_script(shell));
    if (text && changed == *text) {
        context.console.line(fmt::format(" ✗ kpm tab-completion is already in {}", *path));
        return kDone;
    }
    if (const auto written = write_user_file(*path, changed); !written) return context.fail(written.error());
    context.console.line(fmt::format(" ✓ kpm tab-completion installed in {}, for new shells", *path));
    return kDone;
}

int uninstall(Context& context, Shell shell) {
    const auto path = file_of(shell);
    if (!path) return context.fail(path.error());
    const auto text = read_user_file(*path);
    if (!text && text.error().code != ErrorCode::NotFound) return context.fail(text.error());
    const auto rest = text ? without_script(*text) : std::nullopt;
    if (!rest) {
        context.console.line(fmt::format(" ✗ kpm tab-completion is not in {}, nothing to do", *path));
        return kDone;
    }
    if (rest->empty() && shell == Shell::Fish) {  // a file of our own
        if (unlink(path->c_str()) != 0) return context.fail(os_error("remove", *path, errno));
    } else if (const auto written = write_user_file(*path, *rest); !written) {
        return context.fail(written.error());
    }
    context.console.line(fmt::format(" ✓ kpm tab-completion removed from {}", *path));
    return kDone;
}

}  // namespace

int run_completion(Context& context) {
    if (context.line.has_app_args) return answer(context);
    const std::string_view first = context.word(0);
    const bool installs = first == "install", removes = first == "uninstall";
    const std::string named(installs || removes ? context.word(1) : first);
    const auto shell = shell_named(named.empty() ? variable("SHELL") : named);
    if (!named.empty() && !shell)
        return context.fail(fmt::format("cannot complete in '{}': the shells are bash, zsh and fish", named));
    if (!shell && (installs || removes)) {
        return context.fail(fmt::format(
            "cannot complete in '{}': the shells are bash, zsh and fish, name one: kpm completion {} bash",
            variable("SHELL"), first));
    }
    if (installs) return install(context, *shell);
    if (removes) return uninstall(context, *shell);
    context.console.output(completion_script(shell.value_or(Shell::Bash)));
    return kDone;
}

}  // namespace kpm::cli
