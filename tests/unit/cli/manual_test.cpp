#include "cli/manual/manuals.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cli/command.h"
#include "cli/help.h"

namespace kpm::cli {
namespace {

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

Manual sample(Manual::Block block) {
    return {.name = "x", .summary = "an x", .synopsis = {"x"}, .sections = {{"PART", {std::move(block)}}}};
}

}  // namespace

TEST_CASE("manual: docs/cli.md is what the tables say", "[unit][cli][manual]") {
    const char* source = std::getenv("KPM_SOURCE_DIR");
    REQUIRE(source != nullptr);
    const std::string path = std::string(source) + "/docs/cli.md";
    if (const char* regenerate = std::getenv("KPM_REGENERATE"); regenerate && std::string(regenerate) == "1")
        std::ofstream(path) << cli_page();
    std::ifstream file(path);
    const std::string committed{std::istreambuf_iterator<char>(file), {}};
    INFO("run this test with KPM_REGENERATE=1 to write " << path);
    CHECK(committed == cli_page());
}

TEST_CASE("manual: has every command and every option", "[unit][cli][manual]") {
    const std::string page = cli_page();
    for (const Command& command : commands()) CHECK(has(page, "- `" + command_title(command) + "`: "));
    for (const OptionSpec& option : global_options()) CHECK(has(page, "- `" + option_title(option) + "`: "));
}

TEST_CASE("manual: roff keeps what is typed as it is typed", "[unit][cli][manual]") {
    const auto roff = [](Manual::Block block) { return to_roff(sample(std::move(block)), "1.2"); };
    CHECK(has(roff(Manual::Paragraph{".hidden a-b \\n `kpm -s` it's"}),
              ".SH \"PART\"\n\\&.hidden a\\-b \\en \\fBkpm \\-s\\fR it\\(aqs\n"));
    CHECK(has(roff(Manual::Entry{"-n --lines <n> [more]", "text", {{"--x", "inner"}}}),
              ".TP\n\\fB\\-n \\-\\-lines \\fR\\fIn\\fR\\fB \\fR[\\fImore\\fR]\ntext\n"
              ".RS\n.TP\n\\fB\\-\\-x\\fR\ninner\n.RE\n"));
    CHECK(has(roff(Manual::Example{"a\n.b"}), ".nf\na\n\\&.b\n.fi\n"));
    CHECK(has(roff(Manual::Subtitle{"a \"b\""}), ".SS \"a \\(dqb\\(dq\"\n"));
    CHECK(roff(Manual::Paragraph{"x"}).starts_with(".TH \"X\" 1 \"\" \"kpm 1.2\" \"User commands\"\n"));
}

TEST_CASE("manual: Markdown shows what would be markup", "[unit][cli][manual]") {
    CHECK(has(to_markdown(sample(Manual::Paragraph{"<name> * `<kept>`"})),
              "### Part\n\n\\<name> \\* `<kept>`\n"));
    CHECK(has(to_markdown(sample(Manual::Entry{"a <b>", "text", {{"--x", "inner"}}})),
              "\n- `a <b>`: text\n  - `--x`: inner\n"));
}

TEST_CASE("manual: the unit of any user runs what is installed", "[unit][cli][manual]") {
    for (const InstalledFile& file : installed_files("/opt")) {
        INFO(file.path);
        CHECK_FALSE(file.text.empty());
        if (file.path != "systemd/kpm@.service") continue;
        CHECK(has(file.text, "Type=notify\nUser=%i\n"));
        CHECK(has(file.text,
                  "exec /opt/libexec/kpm/kpm-keeper --home \"$$home\" --daemon /opt/libexec/kpm/kpmd"));
        CHECK(has(file.text, "ExecStartPost=-/opt/bin/kpm resurrect\n"));
        CHECK(has(file.text, "OOMPolicy=continue\n"));
        CHECK(has(file.text, "WantedBy=multi-user.target\n"));
    }
}

TEST_CASE("manual: zsh completes with the file at its first call", "[unit][cli][manual]") {
    for (const InstalledFile& file : installed_files("/usr")) {
        if (file.path != "zsh/_kpm") continue;
        CHECK(file.text.starts_with("#compdef kpm\n"));
        CHECK(file.text.ends_with("_kpm_completion \"$@\"\n"));
    }
}

}  // namespace kpm::cli
