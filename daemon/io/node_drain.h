#pragma once
// What a worker of a Node cluster app runs beside the app (see node_preload.h). When it is told to
// disconnect, it answers what comes on keep-alive connections with `Connection: close` and gives idle ones a
// second: Node alone would cut them at once, and with them the requests that are on their way. Does nothing
// until then.

#include <string_view>

namespace kpm::io {

std::string_view node_drain_script();

}  // namespace kpm::io
