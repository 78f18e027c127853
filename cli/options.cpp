#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

constexpr OptionSpec kOwnOptions[] = {
    {"help", "-h,--help", Takes::Nothing, "", "help, of a command when one is given"},
    {"version", "-v,-V,--version", Takes::Nothing, "", "print the version"},
    {"silent", "-s,--silent", Takes::Nothing, "", "print no messages; jlist and prettylist still print"},
    {"no-color", "--no-color", Takes::Nothing, "", "no colours"},
    {"mini-list", "-m,--mini-list", Takes::Nothing, "", "list as plain lines instead of a table"},
    {"sort", "--sort", Takes::Value, "field[:desc]",
     "order of the list: name, namespace, id, pid, cpu, memory, uptime or status"},
    {"env", "--env", Takes::Value, "name", "use the env_<name> blocks of the configuration file"},
    {"only", "--only", Takes::Value, "names", "of a configuration file, act on these apps only"},
    {"update-env", "-a,--update-env", Takes::Nothing, "",
     "restart and reload: take the environment from this shell"},
    {"parallel", "--parallel", Takes::Value, "number", "actions at a time of restart and reload"},
    {"attach", "--attach", Takes::Nothing, "", "start and restart: follow the logs afterwards"},
    {"write", "-w,--write", Takes::Nothing, "", "start: also write the attributes to <name>-pm2.json"},
    {"user", "-u,--user", Takes::Value, "user", "user to run as (startup: user whose apps are started)"},
    {"hp", "--hp", Takes::Value, "path", "startup: home directory of that user"},
    {"service-name", "--service-name", Takes::Value, "name", "startup: name of the service"},
    {"wait-ip", "--wait-ip", Takes::Nothing, "", "startup: wait for the network"},
    {"no-daemon", "--no-daemon", Takes::Nothing, "",
     "stay in the foreground with the logs; ends the daemon with itself when it has started it"},
    {"ext", "--ext", Takes::Value, "endings",
     "start: of watched files, only those with these endings: js,json"},
    {"trace", "--trace", Takes::Nothing, "", "accepted for PM2's scripts"},
    {"disable-trace", "--disable-trace", Takes::Nothing, "", "accepted for PM2's scripts"},
    {"v8", "--v8", Takes::Nothing, "", "accepted for PM2's scripts"},
    {"event-loop-inspector", "--event-loop-inspector", Takes::Nothing, "", "accepted for PM2's scripts"},
    {"deep-monitoring", "--deep-monitoring", Takes::Nothing, "", "accepted for PM2's scripts"},
};

Takes takes_of(ecosystem::FlagKind kind) {
    switch (kind) {
        case ecosystem::FlagKind::Value:
            return Takes::Value;
        case ecosystem::FlagKind::OptionalValue:
            return Takes::OptionalValue;
        case ecosystem::FlagKind::None:
        case ecosystem::FlagKind::Switch:
        case ecosystem::FlagKind::NegatedSwitch:
            return Takes::Nothing;
    }
    return Takes::Nothing;
}

// -u is PM2's name for --uid at a start.
constexpr std::string_view kUserKey = "user";

// Is a switch to some commands.
constexpr std::string_view kEnvKey = "env";

// Options with a value that make a list of it.
constexpr std::string_view kListKeys[] = {"watch", "filter_env"};

std::vector<OptionSpec> make_global_options() {
    std::vector<OptionSpec> options(std::begin(kOwnOptions), std::end(kOwnOptions));
    for (OptionSpec& option : options) {
        if (option.key == kUserKey) option.field = ecosystem::find_field("uid");
    }
    for (const ecosystem::Field& field : ecosystem::fields()) {
        const auto kind = ecosystem::flag_kind(field);
        if (kind == ecosystem::FlagKind::None) continue;
        const std::string_view doc = field.flag_doc.empty() ? field.doc : field.flag_doc;
        options.push_back({field.key, field.flag, takes_of(kind), field.key, doc, &field});
    }
    return options;
}

const OptionSpec* find_option(std::span<const OptionSpec> options, std::string_view word) {
    if (word.size() < 2 || word[0] != '-') return nullptr;
    for (const OptionSpec& option : options) {
        for (std::string_view rest = option.flags; !rest.empty();) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            if (rest.substr(0, comma) == word) return &option;
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return nullptr;
}

bool is_dashed(std::string_view word) {
    return word.size() > 1 && word[0] == '-';
}

Error argument_missing(const OptionSpec& option) {
    return {ErrorCode::Invalid, fmt::format("option `{}' argument missing", option_title(option))};
}

// The options of one pass.
class KnownOptions {
public:
    KnownOptions(std::span<const OptionSpec> own, bool env_is_switch)
        : own_(own), env_is_switch_(env_is_switch) {}

    const OptionSpec* find(std::string_view word) const {
        const OptionSpec* global = find_option(global_options(), word);
        return global != nullptr ? global : find_option(own_, word);
    }
    // Of `--env` it is not known before the command is: the next word may be an option then.
    Takes takes(const OptionSpec& option) const {
        if (option.key != kEnvKey) return option.takes;
        return env_is_switch_ ? Takes::Nothing : Takes::OptionalValue;
    }
    // A needed value may begin with '-'; but what is known to all commands is recognised before a command's
    // own.
    bool is_value_of(const OptionSpec& option, std::string_view word) const {
        const bool is_own = std::ranges::any_of(own_, [&](const OptionSpec& own) { return &own == &option; });
        return !is_own || find_option(global_options(), word) == nullptr;
    }

private:
    std::span<const OptionSpec> own_;
    bool env_is_switch_;
};

// -abc -> -a -b -c; --opt=value -> --opt value. A word that an option before it needs as its value stays
// whole.
std::vector<std::string> split_flags(std::span<const std::string> words, const KnownOptions& known) {
    std::vector<std::string> result;
    bool is_value = false;
    for (const std::string& word : words) {
        const OptionSpec* option = is_value ? nullptr : known.find(word);
        const std::size_t equals = word.find('=');
        if (is_value || option != nullptr || !is_dashed(word)) {
            result.push_back(word);
        } else if (word[1] != '-') {
            for (const char letter : std::string_view(word).substr(1)) result.push_back({'-', letter});
        } else if (equals != std::string::npos) {
            result.push_back(word.substr(0, equals));
            result.push_back(word.substr(equals + 1));
        } else {
            result.push_back(word);
        }
        is_value = option != nullptr && known.takes(*option) == Takes::Value;
    }
    return result;
}

// Of the words before "--": the options that are known go to `line.options`, words with '-' that are not to
// `line.unknown`, with what may be their value. Gives the rest.
Result<std::vector<std::string>> sort_out(CommandLine& line, const KnownOptions& known) {
    const std::span<const std::string> typed(line.typed);
    const auto end = std::find(typed.begin(), typed.end(), "--");
    const auto input = split_flags(typed.first(static_cast<std::size_t>(end - typed.begin())), known);
    std::vector<std::string> words;
    for (std::size_t i = 0; i < input.size(); ++i) {
        const bool has_next = i + 1 < input.size();
        if (const OptionSpec* option = known.find(input[i])) {
            GivenOption given{option, ""};
            const Takes takes = known.takes(*option);
            if (takes == Takes::Value) {
                if (!has_next || !known.is_value_of(*option, input[i + 1])) return argument_missing(*option);
                given.value = input[++i];
            } else if (takes == Takes::OptionalValue && has_next && !is_dashed(input[i + 1])) {
                given.value = input[++i];
            }
            line.options.push_back(std::move(given));
        } else if (is_dashed(input[i])) {
            line.unknown.push_back(input[i]);
            if (has_next && !is_dashed(input[i + 1])) line.unknown.push_back(input[++i]);
        } else {
            words.push_back(input[i]);
        }
    }
    return words;
}

}  // namespace

std::span<const OptionSpec> global_options() {
    static const std::vector<OptionSpec> kOptions = make_global_options();
    return kOptions;
}

bool CommandLine::has(std::string_view key) const {
    return std::any_of(options.begin(), options.end(),
                       [&](const GivenOption& o) { return o.spec->key == key; });
}

std::optional<std::string> CommandLine::value(std::string_view key) const {
    const auto it = std::find_if(options.rbegin(), options.rend(),
                                 [&](const GivenOption& option) { return option.spec->key == key; });
    return it == options.rend() ? std::nullopt : std::optional(it->value);
}

Error unknown_option(std::string_view given, std::span<const OptionSpec> own) {
    // Without the dashes, which would count as letters that are right.
    const auto name_of = [](std::string_view flag) {
        return flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
    };
    std::vector<std::string_view> names;
    for (const std::span<const OptionSpec> options : {own, global_options()})
        for (const OptionSpec& option : options)
            for (const std::string_view flag : split(option.flags, ','))
                if (flag.starts_with("--")) names.push_back(name_of(flag));
    const auto meant = nearest(name_of(given), names);
    return {ErrorCode::Invalid, fmt::format("unknown option `{}'{}", given,
                                            meant ? fmt::format(", did you mean --{}?", *meant) : "")};
}

Result<CommandLine> read_global_options(std::span<const std::string> words) {
    CommandLine line;
    line.typed.assign(words.begin(), words.end());
    const auto end = std::find(words.begin(), words.end(), "--");
    if (end != words.end()) {
        line.has_app_args = true;
        line.app_args.assign(end + 1, words.end());
    }
    auto rest = sort_out(line, KnownOptions({}, false));
    if (!rest) return rest.error();
    if (!rest->empty()) {
        line.command = rest->front();
        line.words.assign(rest->begin() + 1, rest->end());
    }
    return line;
}

Result<void> read_own_options(CommandLine& line, std::span<const OptionSpec> own, bool env_is_switch) {
    line.options.clear();
    line.unknown.clear();
    auto rest = sort_out(line, KnownOptions(own, env_is_switch));
    if (!rest) return rest.error();
    for (const GivenOption& given : line.options)
        if (given.spec->key == kEnvKey && given.value.empty() && !env_is_switch)
            return argument_missing(*given.spec);
    if (!line.unknown.empty()) return unknown_option(line.unknown.front(), own);
    line.words = std::move(*rest);
    const auto command = std::ranges::find(line.words, line.command);
    if (!line.command.empty() && command != line.words.end()) line.words.erase(command);
    return {};
}

Json declared_attributes(const CommandLine& line) {
    Json app = Json::object();
    for (const GivenOption& given : line.options) {
        if (given.spec->field == nullptr) continue;
        const std::string key(given.spec->field->key);
        Json value = ecosystem::flag_value(*given.spec->field, given.value);
        // These stand for lists, and may be repeated: --watch src --watch lib.
        const bool is_list = std::ranges::find(kListKeys, key) != std::end(kListKeys);
        if (!is_list || !value.is_string()) {
            app[key] = std::move(value);
            continue;
        }
        if (!app.contains(key) || !app[key].is_array()) app[key] = Json::array();
        app[key].push_back(std::move(value));
    }
    if (line.has_app_args) app["args"] = line.app_args;
    return app;
}

std::string option_title(const OptionSpec& spec) {
    std::string title;
    for (const std::string_view flag : split(spec.flags, ',')) {
        if (!title.empty()) title += ' ';
        title += flag;
    }
    if (spec.takes == Takes::Value) title += fmt::format(" <{}>", spec.value_name);
    if (spec.takes == Takes::OptionalValue) title += fmt::format(" [{}]", spec.value_name);
    return title;
}

}  // namespace kpm::cli
