#pragma once
// The `static` section of an ecosystem file: servers of static files, in PM2's short form. Pure.

#include "ipc/base/json.h"

namespace kpm::ecosystem {

// {name, port, host, path, spa, ftp, basic_auth: {username, password}} -> the app that serves it, as it would
// stand under `apps`. Anything else than an object comes back as it is, for the reader to complain of.
Json static_site_app(const Json& site);

}  // namespace kpm::ecosystem
