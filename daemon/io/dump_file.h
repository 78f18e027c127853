#pragma once
// dump.pm2: replaced as a whole, so that a reader and a crash find either the old or the new one. The one
// before it becomes dump.pm2.bak, which `resurrect` falls back to.

#include <string>

#include "ipc/base/result.h"
#include "ipc/home.h"

namespace kpm::io {

// Written beside, flushed to the disk, renamed. Error: nothing has changed.
Result<void> write_dump_file(const ipc::Home& home, const std::string& text);

}  // namespace kpm::io
