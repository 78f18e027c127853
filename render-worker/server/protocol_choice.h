#pragma once
// Which message formats a worker speaks, as its command line says it.

#include <memory>
#include <string>

#include "render-worker/server/protocol.h"

namespace kpm::render {

struct ProtocolChoice {
    std::string name = "any";     // any, pcm, float or render
    std::string norm = "minmax";  // of the render format: minmax or peak
    std::string genome_server;    // EVORUNS_SERVER_URL; empty: each format's own default
};

// Of a choice that is one of those.
std::unique_ptr<Protocol> make_protocol(const ProtocolChoice& choice);

}  // namespace kpm::render
