#pragma once
// Which of the two backends is to evaluate a network: the one that takes less time, by what both have taken
// so far. Pure: the caller measures. Belongs to one thread.
//
// Work is samples times the steps and edges that are run for each. Each backend has a line of cost over work.
// At first both are tried in turn, the GPU first. Later the dearer one is tried again now and then, because
// speeds change (other workers come and go): at most once in 16 choices, and only while that is cheap. Trying
// is paid from an allowance of 2 % of the time that evaluations take, of which no more than a second is saved
// up: a backend that is 20 times as slow gets one in a thousand, and never a long sound.

#include <cstdint>
#include <optional>

#include "render-worker/server/cost_line.h"

namespace kpm::render {

enum class Backend : std::uint8_t { Cpu, Gpu };

class CostModel {
public:
    // For an evaluation that is to be done now. Its cost is to be added next, if it gets done.
    Backend choose(double work);
    // An evaluation that has been done, chosen or not.
    void add(Backend backend, double work, double seconds);

private:
    CostLine& line(Backend backend) { return backend == Backend::Cpu ? cpu_ : gpu_; }

    CostLine cpu_;
    CostLine gpu_;
    int since_trial_ = 0;               // choices
    double allowance_ = 0;              // seconds that trials may cost
    std::optional<double> instead_of_;  // during a trial: what the cheaper one would have cost
};

}  // namespace kpm::render
