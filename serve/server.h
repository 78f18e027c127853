#pragma once
// Listens, opens a session per connection, ends on SIGTERM and SIGINT. One thread.

#include <functional>
#include <string>

#include "ipc/base/result.h"
#include "serve/settings.h"

namespace kpm::serve {

// Returns when the server has ended in good order. `listening` gets the address, once. The errors:
// cannot serve '<folder>': <reason>, cannot listen on '<address>': <reason>.
Result<void> run_server(const Settings& settings, const std::function<void(const std::string&)>& listening);

}  // namespace kpm::serve
