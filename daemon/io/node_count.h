#pragma once
// What a worker of a Node cluster app runs beside the app (see node_preload.h): counts the connections that
// its servers take, those that the kernel hands it too, and tells kpmd when it is asked for it
// (core::node::count_line), at once, and from then on when they change. Until then it is silent.

#include <string_view>

namespace kpm::io {

std::string_view node_count_script();

}  // namespace kpm::io
