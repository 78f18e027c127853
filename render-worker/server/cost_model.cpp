#include "render-worker/server/cost_model.h"

#include <algorithm>
#include <cmath>

namespace kpm::render {
namespace {

constexpr std::size_t kFirst = 3;  // measurements of each: one of them may have been held up
constexpr int kBetweenTrials = 16;
constexpr double kShareOfTrials = 0.02;
constexpr double kMaxAllowance = 1;  // second

}  // namespace

Backend CostModel::choose(double work) {
    instead_of_.reset();
    if (std::min(cpu_.count(), gpu_.count()) < kFirst)
        return gpu_.count() <= cpu_.count() ? Backend::Gpu : Backend::Cpu;
    const double cpu = cpu_.estimate(work), gpu = gpu_.estimate(work);
    const bool is_trial = ++since_trial_ >= kBetweenTrials && std::abs(cpu - gpu) <= allowance_;
    if (is_trial) {
        since_trial_ = 0;
        instead_of_ = std::min(cpu, gpu);
    }
    return (gpu < cpu) != is_trial ? Backend::Gpu : Backend::Cpu;
}

void CostModel::add(Backend backend, double work, double seconds) {
    line(backend).add(work, seconds);
    allowance_ += kShareOfTrials * seconds;
    if (instead_of_) allowance_ -= seconds - *instead_of_;
    instead_of_.reset();
    allowance_ = std::clamp(allowance_, -kMaxAllowance, kMaxAllowance);
}

}  // namespace kpm::render
