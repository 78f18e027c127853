#include "render-worker/server/renderer_engine.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/genome/genome_cache.h"
#include "render-worker/gpu/device_selector.h"
#include "render-worker/gpu/gles_cppn.h"
#include "render-worker/gpu/gpu_error.h"
#include "render-worker/renderer.h"
#include "render-worker/server/cheaper_evaluator.h"
#include "render-worker/server/cost_model.h"
#include "render-worker/server/gpu_first_evaluator.h"
#include "render-worker/server/metered_evaluator.h"

namespace kpm::render {
namespace {

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The way over the GPU, with the CPU for what is better done there.
class GpuPath {
public:
    GpuPath(CppnEvaluator& gpu, CppnEvaluator& cpu, GpuUse use)
        : gpu_(gpu, Backend::Gpu, costs_, seconds_now), cpu_(cpu, Backend::Cpu, costs_, seconds_now) {
        if (use == GpuUse::Cheaper) cheaper_.emplace(gpu_first_, cpu_, costs_);
    }

    CppnEvaluator& evaluator() {
        if (cheaper_) return *cheaper_;
        return gpu_first_;
    }
    EvaluationCounts take_counts() { return {.cpu = cpu_.take_count(), .gpu = gpu_.take_count()}; }

private:
    CostModel costs_;
    MeteredEvaluator gpu_;
    MeteredEvaluator cpu_;
    GpuFirstEvaluator gpu_first_{gpu_, cpu_};
    std::optional<CheaperEvaluator> cheaper_;
};

class RendererEngine final : public RenderEngine {
public:
    // On the CPU; `remark` follows "cpu" in the description.
    explicit RendererEngine(const EngineOptions& options, std::string remark = {})
        : remark_(std::move(remark)), exact_(cpu_, options.quirks, nullptr, options.threads) {}
    RendererEngine(const EngineOptions& options, std::unique_ptr<GlesCppn> gpu, GpuUse use)
        : gpu_(std::move(gpu)), exact_(cpu_, options.quirks, nullptr, options.threads) {
        gpu_path_.emplace(*gpu_, bare_cpu_, use);
        fast_.emplace(gpu_path_->evaluator(), options.quirks);
    }

    Result<RenderedSound> render(const RenderTask& task, const CancelFlag& cancelled) override {
        Renderer& renderer = fast_ && task.gpu_allowed ? *fast_ : exact_;
        const auto genome = genomes_.get(task.genome);
        if (!genome) return genome.error();
        return renderer.render_decoded(**genome, task.request, cancelled);
    }

    int exit_code_when_lost() const override {
        return gpu_ && gpu_->failure() ? exit_code(gpu_->failure()->code) : exit_code(GpuErrc::Misuse);
    }

    bool is_innocent() const override {
        return gpu_ && gpu_->failure() && gpu_->failure()->reset == ResetKind::Innocent;
    }

    std::string description() const override {
        return gpu_ ? "gpu: " + gpu_->info().device : "cpu" + remark_;
    }

    EvaluationCounts take_evaluations() override {
        EvaluationCounts counts = gpu_path_ ? gpu_path_->take_counts() : EvaluationCounts{};
        counts.cpu += cpu_.take_count();
        return counts;
    }

    std::size_t gpu_bytes() const override { return gpu_ ? gpu_->gpu_bytes() : 0; }

private:
    GenomeCache genomes_;
    CpuCppn bare_cpu_;
    MeteredEvaluator cpu_{bare_cpu_};
    std::unique_ptr<GlesCppn> gpu_;
    std::string remark_;
    std::optional<GpuPath> gpu_path_;
    Renderer exact_;
    std::optional<Renderer> fast_;
};

// Loading libEGL opens every vendor's driver; without a device file there is nothing they could find.
bool has_gpu_files() {
    std::error_code ignored;
    return std::filesystem::exists("/dev/nvidiactl", ignored) ||
           std::filesystem::exists("/dev/dri", ignored) || std::filesystem::exists("/dev/dxg", ignored);
}

}  // namespace

Result<EngineFactory> make_engine_factory(const EngineOptions& options) {
    const Result<DeviceSelector> parsed = DeviceSelector::parse(options.gpu == "off" ? "cpu" : options.gpu);
    if (!parsed) return parsed.error();
    return EngineFactory(
        [selector = *parsed, options]() -> std::variant<std::unique_ptr<RenderEngine>, EngineFailure> {
            const bool is_auto = selector.kind == DeviceSelector::Kind::Auto;
            if (!selector.wants_gpu() || (is_auto && !has_gpu_files()))
                return std::make_unique<RendererEngine>(options);
            GpuResult<std::unique_ptr<GlesCppn>> opened = GlesCppn::create(selector);
            const GpuUse by_selection = is_auto ? GpuUse::Cheaper : GpuUse::Always;
            if (opened)
                return std::make_unique<RendererEngine>(options, *std::move(opened),
                                                        options.gpu_use.value_or(by_selection));
            const Error error = to_error(opened.error());
            if (is_auto) return std::make_unique<RendererEngine>(options, "; " + error.message);
            return EngineFailure{error, exit_code(opened.error().code)};
        });
}

}  // namespace kpm::render
