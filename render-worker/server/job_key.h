#pragma once
// What tells one job from another: the text of its genome and everything of the request that changes the
// work. Pure. Equal for equal messages in all workers of one build; not meant to outlive it.

#include "render-worker/server/protocol.h"
#include "render-worker/server/strike_table.h"

namespace kpm::render {

JobKey job_key(const RenderTask& task);

}  // namespace kpm::render
