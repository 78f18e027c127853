#pragma once
// GPUs for the eyes: which one a process is on, and all of the machine as a table. Pure.

#include <string>

#include "cli/process_row.h"
#include "cli/terminal.h"
#include "ipc/base/json.h"

namespace kpm::cli {

// Which one its process is on, for a column: "41:00.0", "sw" (software renderer), "cpu"; "" = its app has no
// attribute `gpu`, or was never started.
std::string gpu_text(const ProcessRow& row);
// On a GPU, and not the CPU or the software renderer.
bool is_on_gpu(const ProcessRow& row);
// "12.5%" and "1.2gb" of that GPU; "N/A" where its driver does not tell, "-" for a process that is on none.
std::string gpu_percent_text(const ProcessRow& row);
std::string gpu_memory_text(const ProcessRow& row);
// Which one it is, with all that is known: "0000:41:00.0, NVIDIA A40, GPU-5e2b…".
std::string gpu_long_text(const ProcessRow& row);

// "uses GPU 0000:c1:00.0, was assigned 0000:41:00.0"; "" = it uses no other.
std::string gpu_note(const ProcessRow& row);

// kpm.gpus' answer. What is missing in `gpus` is shown as N/A, entries that are no objects are left out.
std::string gpus_text(const Json& gpus, const Paint& paint);

}  // namespace kpm::cli
