#pragma once
// The message format of kromosynth's floating-point server: one object without a `type` in, 32-bit float
// samples (little endian) out, then the connection is closed (docs/render-worker.md, section Protocols). A
// failed job is answered by {"error": …}, an empty binary message and the close; a message that names no
// genome by the text alone.

#include <string>
#include <utility>

#include "render-worker/server/protocol.h"

namespace kpm::render {

class FloatProtocol final : public Protocol {
public:
    // `genome_server`: see genome_url().
    explicit FloatProtocol(std::string genome_server = {}) : genome_server_(std::move(genome_server)) {}

    std::variant<RenderTask, Reply> read(std::string_view message) const override;
    // The same for what has been parsed already, an object.
    std::variant<RenderTask, Reply> read_object(Json message) const;
    Reply sound(const RenderTask& task, RenderedSound sound) const override;
    Reply failure(const RenderTask& task, const Error& error) const override;
    Reply refusal(std::string_view message, const Error& error) const override;

private:
    std::string genome_server_;
};

// Little endian, 4 bytes a sample.
std::string to_float32(const std::vector<float>& samples);

}  // namespace kpm::render
