#pragma once
// What a command says, on the streams and with the marks that scripts match on: `[PM2] ` and `[PM2][WARN] `
// on stdout, `[PM2][ERROR] ` on stderr. --silent keeps all of it back but `output`, which is what the command
// was asked for (jlist, prettylist). Texts with a mark lose their control characters but for line ends.

#include <string_view>

#include "cli/terminal.h"

namespace kpm::cli {

class Console {
public:
    Console(const Terminal& terminal, bool silent) : terminal_(terminal), silent_(silent) {}

    const Terminal& terminal() const { return terminal_; }
    Paint paint() const { return Paint(terminal_.colour); }

    // Each writes one line.
    void line(std::string_view text) const;        // without a mark
    void error_line(std::string_view text) const;  // without a mark, on stderr
    void info(std::string_view text) const;
    void warn(std::string_view text) const;
    void warn_on_stderr(std::string_view text) const;
    void error(std::string_view text) const;

    // Written as it is, also with --silent.
    void output(std::string_view text) const;
    // Written as it is, unless silent.
    void text(std::string_view text) const;

    // From now on only what is wrong: warn, error, error_line.
    void say_problems_only() { problems_only_ = true; }

    // Notices of a command whose output is for programs (jlist) go to stderr instead of stdout.
    void keep_stdout_clean() { notices_on_stderr_ = true; }

private:
    Terminal terminal_;
    bool silent_;
    bool notices_on_stderr_ = false;
    bool problems_only_ = false;
};

}  // namespace kpm::cli
