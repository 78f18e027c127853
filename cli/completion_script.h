#pragma once
// The scripts that bind a shell's tab key to `kpm completion -- <words>`, and their place in a user's file.
// Pure.

#include <optional>
#include <string>
#include <string_view>

namespace kpm::cli {

enum class Shell { Bash, Zsh, Fish };

// By the name of a shell or the path of its program.
std::optional<Shell> shell_named(std::string_view name);

// Begins and ends with a marked line, by which it is found again.
std::string_view completion_script(Shell shell);

// What a file of the shell's own folder of completions holds, which the shell reads at the first tab key
// after kpm: _kpm on zsh's fpath, kpm in bash-completion/completions, kpm.fish in vendor_completions.d.
std::string completion_file(Shell shell);

// `text` with the script at its end, in place of an older one.
std::string with_script(std::string_view text, std::string_view script);
// `text` without the script; nullopt when it has none.
std::optional<std::string> without_script(std::string_view text);

}  // namespace kpm::cli
