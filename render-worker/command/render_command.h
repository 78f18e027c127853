#pragma once
// `render-worker render GENOME -o OUT.wav`: one genome to one file, without a server. Its options are those
// of a request (docs/render-worker.md). Used by main: declared before the command line is parsed, run when it
// was chosen.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ipc/base/result.h"
#include "render-worker/renderer.h"

namespace CLI {
class App;
}

namespace kpm::render {

enum class SampleFormat { Pcm16, Float32 };

struct RenderArguments {
    std::string genome;  // path of its JSON
    std::string output;  // path of the WAV file; "-": standard output
    std::string plot;    // path of the SVG file, or "-"; empty: none
    SampleFormat format = SampleFormat::Pcm16;
    std::string gpu = "off";
    std::vector<std::string> quirks;     // for quirks_of()
    std::optional<std::size_t> threads;  // that evaluate networks; without it, as many as CPUs
    RenderRequest request;
    std::size_t offset = 0;            // of the signals
    std::optional<std::size_t> count;  // no part is asked for without it
};

// The subcommand, which fills `arguments`; these must outlive `app`.
CLI::App& declare_render(CLI::App& app, RenderArguments& arguments);

// Writes the files, neither before both are complete, and returns a line that says what came out. Errors: the
// file system's, and those of the genome and the request; Invalid for a sound that would go to a terminal,
// and for quirks that there are not.
Result<std::string> render_to_files(const RenderArguments& arguments);

}  // namespace kpm::render
