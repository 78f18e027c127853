// The differences that kpm has on purpose. Each has its row in docs/pm2-differences.md.
#include "tests/support/cli_parity.h"

namespace kpm::test {

std::span<const Difference> known_differences() {
    static constexpr Difference kDifferences[] = {
        {"none", Part::Exit, "", "", "", ""},
    };
    return kDifferences;
}

std::span<const Difference> differences_everywhere() {
    static constexpr Difference kEverywhere[] = {
        {"", Part::Files, "(touch|modules|module_conf.json|agent.*)", "(kpm.lock|notify)", "", ""},
    };
    return kEverywhere;
}

}  // namespace kpm::test
