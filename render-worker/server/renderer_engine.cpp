#include "render-worker/server/renderer_engine.h"

#include <fmt/format.h>

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
#include "render-worker/server/gpu_first_evaluator.h"

namespace kpm::render {
namespace {

class RendererEngine final : public RenderEngine {
public:
    // `gpu` may be null; `remark` follows "cpu" in the description.
    RendererEngine(std::unique_ptr<GlesCppn> gpu, const Quirks& quirks, std::string remark)
        : gpu_(std::move(gpu)), remark_(std::move(remark)), exact_(cpu_, quirks) {
        if (!gpu_) return;
        gpu_first_.emplace(*gpu_, cpu_);
        fast_.emplace(*gpu_first_, quirks);
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

private:
    GenomeCache genomes_;
    CpuCppn cpu_;
    std::unique_ptr<GlesCppn> gpu_;
    std::string remark_;
    std::optional<GpuFirstEvaluator> gpu_first_;
    Renderer exact_;
    std::optional<Renderer> fast_;
};

// Loading libEGL opens every vendor's driver; without a device file there is nothing they could find.
bool has_gpu_files() {
    std::error_code ignored;
    return std::filesystem::exists("/dev/nvidiactl", ignored) ||
           std::filesystem::exists("/dev/dri", ignored) || std::filesystem::exists("/dev/dxg", ignored);
}

std::unique_ptr<RenderEngine> cpu_engine(const Quirks& quirks, std::string remark = {}) {
    return std::make_unique<RendererEngine>(nullptr, quirks, std::move(remark));
}

}  // namespace

Result<EngineFactory> make_engine_factory(const std::string& gpu, const Quirks& quirks) {
    const Result<DeviceSelector> parsed = DeviceSelector::parse(gpu == "off" ? "cpu" : gpu);
    if (!parsed) return parsed.error();
    return EngineFactory(
        [selector = *parsed, quirks]() -> std::variant<std::unique_ptr<RenderEngine>, EngineFailure> {
            const bool is_auto = selector.kind == DeviceSelector::Kind::Auto;
            if (!selector.wants_gpu() || (is_auto && !has_gpu_files())) return cpu_engine(quirks);
            GpuResult<std::unique_ptr<GlesCppn>> opened = GlesCppn::create(selector);
            if (opened) return std::make_unique<RendererEngine>(*std::move(opened), quirks, "");
            const Error error = to_error(opened.error());
            if (is_auto) return cpu_engine(quirks, "; " + error.message);
            return EngineFailure{error, exit_code(opened.error().code)};
        });
}

}  // namespace kpm::render
