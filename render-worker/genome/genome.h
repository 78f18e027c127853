#pragma once
// A genome, decoded: its network(s) as programs and its patch. Pure and total: any JSON gives a Genome or an
// error.

#include "ipc/base/result.h"
#include "render-worker/genome/json_fwd.h"
#include "render-worker/genome/network.h"
#include "render-worker/genome/patch.h"

namespace kpm::render {

struct Genome {
    WaveNetwork network;  // empty when the genome has none: then no output of it may be used
    Patch patch;
};

// Accepts the genome bare, as { genome: … }, { data: … } (each up to three levels, as object or as text of
// one). Errors: Invalid, naming the place.
Result<Genome> parse_genome(const Json& json);

}  // namespace kpm::render
