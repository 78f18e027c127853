#pragma once
// What GPUs there are and what each can do, as `render-worker --probe` prints it. Opens every driver: run it
// in a child process of its own, with a deadline (a broken driver may hang or crash).

#include <string>

namespace kpm::render {

// One JSON object per line and device: pci, uuid, render_node (null where unknown), software, and then either
// renderer, vendor, es ("3.2"), robust and precise, or error (a word for the class) and detail. Without a
// loader or driver: one line with error and detail alone. Without devices: the empty text.
std::string probe_json_lines();

}  // namespace kpm::render
