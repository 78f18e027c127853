#include "cli/program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cli/command.h"
#include "cli/config_apps.h"
#include "cli/help.h"
#include "cli/module_start.h"
#include "cli/staying_here.h"
#include "cli/variable.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

int refuse(const Console& console, std::string_view problem) {
    console.error_line(fmt::format("\n  error: {}\n", problem));
    return kFailed;
}

int unknown_command(const Console& console, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Command& command : commands()) names.push_back(command.name);
    const auto meant = nearest(name, names);
    // PM2 has this one error on stdout.
    console.line(console.paint()("[PM2][ERROR] ", {Style::Red}) + "Command not found" +
                 (meant ? fmt::format(", did you mean {}?", *meant) : std::string()));
    console.text("\n" + usage_text());
    return kFailed;
}

// "<a> <b>" -> the name of the first required argument that no word stands for.
std::string_view missing_argument(const Command& command, std::size_t words) {
    std::size_t index = 0;
    for (const std::string_view argument : split(command.args, ' ')) {
        if (argument.starts_with('<') && index++ >= words) {
            std::string_view name = argument.substr(1, argument.find('>') - 1);
            if (name.ends_with("...")) name.remove_suffix(3);
            return name;
        }
    }
    return "";
}

// A file's apps are acted on before a list is needed: that of the greeting would be too old.
Question question_of(const Command& command, const CommandLine& line) {
    if (command.question != Question::BriefList) return command.question;
    const bool is_of_names = !line.words.empty() && std::ranges::none_of(line.words, [](const auto& word) {
        return is_config_word(word) || word == "-";
    });
    return is_of_names ? Question::BriefList : Question::None;
}

int run_command(const Command& command, CommandLine& line, Console& console) {
    const auto home = ipc::find_home();
    if (!home) {
        console.error(home.error().message);
        return kFailed;
    }
    Context context{command, line, console, *home, working_directory()};
    if (command.daemon == NeedsDaemon::No) return command.run(context);
    if (const auto made = ipc::ensure_home(*home); !made) return context.fail(made.error());
    const auto if_absent =
        command.daemon == NeedsDaemon::Yes ? Session::IfAbsent::Launch : Session::IfAbsent::Fail;
    auto session = Session::open(*home, console, if_absent, question_of(command, line));
    if (session) {
        context.session = &*session;
        if (session->is_new()) start_installed_modules(context);
    } else if (command.daemon == NeedsDaemon::Yes || session.error().code != ErrorCode::NotFound) {
        return context.fail(session.error());
    }
    if (!line.has("no-daemon") || !session || command.is_endless(line)) return command.run(context);
    // The logs are shown anyway, by a viewer that lets signals through.
    std::erase_if(line.options, [](const GivenOption& given) { return given.spec->key == "attach"; });
    StayingHere staying(context);
    return staying.finish(command.run(context));
}

}  // namespace

std::string working_directory() {
    // $PWD keeps symbolic links as the user sees them; PM2 uses it as well.
    const char* pwd = std::getenv("PWD");
    std::error_code problem;
    if (pwd != nullptr && *pwd == '/' && std::filesystem::equivalent(pwd, ".", problem)) return pwd;
    return std::filesystem::current_path(problem).string();
}

std::size_t own_words(std::span<const std::string> words) {
    const auto ends_lines = [](const std::string& word) {
        const Command* command = find_command(word);
        return command != nullptr && command->ends_line != nullptr;
    };
    if (std::ranges::none_of(words, ends_lines)) return words.size();
    for (std::size_t count = 1; count < words.size(); ++count) {
        auto line = read_global_options(words.first(count));
        if (!line || line->command.empty()) continue;  // a value is missing as yet
        const Command* command = find_command(line->command);
        if (command == nullptr || command->ends_line == nullptr || line->has_app_args) break;
        if (read_own_options(*line, command->options) && command->ends_line(line->words)) return count;
    }
    return words.size();
}

int run_program(std::span<const std::string> words) {
    const std::size_t own = own_words(words);
    auto line = read_global_options(words.first(own));
    if (line) line->verbatim.assign(words.begin() + static_cast<std::ptrdiff_t>(own), words.end());
    const bool silent = (line && line->has("silent")) || is_set("PM2_SILENT");
    Console console(detect_terminal(STDOUT_FILENO, line && line->has("no-color")), silent);
    if (!line) return refuse(console, line.error().message);
    if (line->has("version")) {
        console.output(KPM_VERSION "\n");
        return kDone;
    }
    if (line->command.empty() && !line->has("help") && !line->unknown.empty())
        return refuse(console, unknown_option(line->unknown.front(), {}).message);
    if (line->command.empty()) {
        console.text(line->has("help") ? help_text() : usage_text());
        return line->has("help") ? kDone : kFailed;
    }
    const Command* command = find_command(line->command);
    if (command == nullptr) return unknown_command(console, line->command);
    if (line->has("help")) {
        console.text(help_text(*command));
        return kDone;
    }
    if (const auto read = read_own_options(*line, command->options, command->env_is_switch); !read)
        return refuse(console, read.error().message);
    if (const auto missing = missing_argument(*command, line->words.size()); !missing.empty()) {
        return refuse(console, fmt::format("missing required argument `{}'", missing));
    }
    if (command->refuses_words && !line->words.empty()) {
        console.line(fmt::format("[PM2] \nUnknown command argument: {}", line->words.front()));
        console.text(help_text(*command));
        return kFailed;
    }
    if (command->machine_output || line->has("json")) console.keep_stdout_clean();
    return run_command(*command, *line, console);
}

}  // namespace kpm::cli
