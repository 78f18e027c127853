#pragma once
// What tells one job from another: the text of its genome and everything of the request that changes the
// work; of a message that has not been read yet, its text. Pure. Equal for equal messages in all workers of
// one build; not meant to outlive it.

#include <string_view>

#include "render-worker/server/protocol.h"
#include "render-worker/server/strike_table.h"

namespace kpm::render {

JobKey job_key(const RenderTask& task);
JobKey message_key(std::string_view message);

}  // namespace kpm::render
