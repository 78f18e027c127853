#include "render-worker/dsp/feedback_delay.h"

#include <algorithm>
#include <memory>

#include "render-worker/dsp/gain.h"

namespace kpm::render {
namespace {
constexpr double kMaxRatio = 0.999;
}  // namespace

DelayEnds add_feedback_delay(AudioGraph& graph, const FeedbackDelaySettings& settings, double sample_rate,
                             const Quirks& quirks) {
    const auto sum = graph.add(std::make_unique<Gain>(quirks));
    const DelayEnds delay = add_delay(graph, sample_rate, settings.frames, quirks);
    graph.node(delay.output).param("delayTime")->set(static_cast<float>(settings.delay_time));
    auto ratio_node = std::make_unique<Gain>(quirks);
    ratio_node->gain().set(static_cast<float>(std::clamp(settings.feedback_ratio, -kMaxRatio, kMaxRatio)));
    const auto ratio = graph.add(std::move(ratio_node));
    graph.connect(sum, delay.input);
    graph.connect(delay.output, ratio);
    graph.connect(ratio, sum);
    return {sum, sum};
}

}  // namespace kpm::render
