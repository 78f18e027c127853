#pragma once
// What a Node app runs beside the app itself (see node_preload.h), so that PM2's clients see of it what they
// see under PM2: `process:exception` on the bus, and PM2's default metrics. Speaks as any app does, by
// process.send.
//
// It only watches. It listens to `uncaughtExceptionMonitor`, which changes nothing of what Node does, and
// looks at the figures every five seconds with a timer that does not keep the process alive. They are told
// when one has changed noticeably, and once a minute, for the next daemon does not know them. Without a
// message channel, in threads, and where the app has PM2's own library (@pm2/io), it does nothing.

#include <string_view>

namespace kpm::io {

std::string_view node_agent_script();

}  // namespace kpm::io
