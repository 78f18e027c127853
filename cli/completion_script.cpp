#include "cli/completion_script.h"

namespace kpm::cli {
namespace {

constexpr std::string_view kBegin = "###-begin-kpm-completion-###\n";
constexpr std::string_view kEnd = "###-end-kpm-completion-###\n";

// A name is text that another user's file may have chosen: quoted, so that the line does not run it.
constexpr std::string_view kBash = R"sh(###-begin-kpm-completion-###
_kpm_completion() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$(printf '%q' "$word")")
    done < <(COMP_CWORD="$COMP_CWORD" kpm completion -- "${COMP_WORDS[@]}" 2>/dev/null)
}
complete -o default -F _kpm_completion kpm
###-end-kpm-completion-###
)sh";

constexpr std::string_view kZsh = R"sh(###-begin-kpm-completion-###
if ! (( $+functions[compdef] )); then
    autoload -Uz compinit && compinit
fi
_kpm_completion() {
    local word help
    local -a candidates
    while IFS=$'\t' read -r word help; do
        candidates+=("${word//:/\\:}${help:+:$help}")
    done < <(COMP_CWORD=$((CURRENT - 1)) KPM_COMPLETION_HELP=1 kpm completion -- "${words[@]}" 2>/dev/null)
    if (( ${#candidates} )); then
        _describe kpm candidates
    else
        _files
    fi
}
compdef _kpm_completion kpm
###-end-kpm-completion-###
)sh";

constexpr std::string_view kFish = R"sh(###-begin-kpm-completion-###
function _kpm_completion
    set -l words (commandline -opc) (commandline -ct)
    COMP_CWORD=(math (count $words) - 1) KPM_COMPLETION_HELP=1 kpm completion -- $words 2>/dev/null
end
complete -c kpm -a '(_kpm_completion)'
###-end-kpm-completion-###
)sh";

}  // namespace

std::optional<Shell> shell_named(std::string_view name) {
    const std::string_view base = name.substr(name.find_last_of('/') + 1);
    if (base == "bash") return Shell::Bash;
    if (base == "zsh") return Shell::Zsh;
    if (base == "fish") return Shell::Fish;
    return std::nullopt;
}

std::string_view completion_script(Shell shell) {
    switch (shell) {
        case Shell::Bash:
            return kBash;
        case Shell::Zsh:
            return kZsh;
        case Shell::Fish:
            return kFish;
    }
    return kBash;
}

std::string completion_file(Shell shell) {
    const std::string script(completion_script(shell));
    // zsh takes the file for the function that completes, and runs it for the first time to load it.
    return shell == Shell::Zsh ? "#compdef kpm\n" + script + "_kpm_completion \"$@\"\n" : script;
}

std::string with_script(std::string_view text, std::string_view script) {
    std::string result = without_script(text).value_or(std::string(text));
    if (!result.empty() && result.back() != '\n') result += '\n';
    return result.append(script);
}

std::optional<std::string> without_script(std::string_view text) {
    const std::size_t begin = text.find(kBegin);
    if (begin == std::string_view::npos) return std::nullopt;
    const std::size_t end = text.find(kEnd, begin);
    if (end == std::string_view::npos) return std::nullopt;  // cut by somebody's hand: not ours to guess
    std::string rest(text.substr(0, begin));
    return rest.append(text.substr(end + kEnd.size()));
}

}  // namespace kpm::cli
