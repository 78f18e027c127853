#pragma once
// An evaluator, with a count of what it has done and, if wanted, a model that learns how long it took. Only
// what was done counts, not what was refused or called off.

#include <atomic>
#include <cstdint>
#include <functional>

#include "render-worker/cppn/cppn_program.h"
#include "render-worker/server/cost_model.h"

namespace kpm::render {

using SecondsClock = std::function<double()>;  // seconds, since any time

// Of one evaluation, in the unit of CostModel.
double work_of(const CppnProgram& program, std::span<const std::uint32_t> outputs, const SignalSpec& spec);

class MeteredEvaluator final : public CppnEvaluator {
public:
    // Counts only; by any number of threads, if the evaluator lets them. It must outlive this.
    explicit MeteredEvaluator(CppnEvaluator& evaluator) : evaluator_(evaluator) {}
    // The model must outlive this too.
    MeteredEvaluator(CppnEvaluator& evaluator, Backend backend, CostModel& costs, SecondsClock now)
        : evaluator_(evaluator), backend_(backend), costs_(&costs), now_(std::move(now)) {}

    Result<std::vector<std::vector<float>>> evaluate(const CppnProgram& program,
                                                     std::span<const std::uint32_t> outputs,
                                                     const SignalSpec& spec,
                                                     const CancelFlag& cancelled) override;
    BackendInfo info() const override { return evaluator_.info(); }

    // Evaluations since the last call.
    std::uint64_t take_count() { return count_.exchange(0); }

private:
    CppnEvaluator& evaluator_;
    Backend backend_ = Backend::Cpu;
    CostModel* costs_ = nullptr;
    SecondsClock now_;
    std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace kpm::render
