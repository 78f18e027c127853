// A genome as a client may send it: any JSON is taken or refused with a message. What is taken is rendered
// for a moment: any graph makes samples, or is refused.

#include <cstdint>

#include "ipc/base/json.h"
#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/genome/genome.h"
#include "render-worker/renderer.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kpm::render;
    const kpm::Json json = kpm::Json::parse(data, data + size, nullptr, false);
    if (json.is_discarded()) return 0;
    const auto genome = parse_genome(json);
    if (!genome) {
        kpm::fuzz::require(!genome.error().message.empty(), "a refusal says why");
        return 0;
    }
    CpuCppn cppn;
    const CancelFlag go_on{false};
    const auto sound = Renderer(cppn).render(json, {.duration = 0.05, .sample_rate = 8000}, go_on);
    if (sound)
        kpm::fuzz::require(sound->samples.size() == 400, "a sound has its length");
    else
        kpm::fuzz::require(sound.error().message.starts_with("cannot "),
                           "a refusal says what cannot be done");
    return 0;
}
