#pragma once
// The variables by which a compose file or a manifest says what a container is to do. Each has PM2's name and
// kpm's; apps and configuration files see both. Where they differ, kpm's counts: an image may set PM2's.
//
//   USE_PM2        KPM_MANAGED    false, 0, no, off: run the one app itself, without a supervisor
//   PM2_INSTANCES  KPM_INSTANCES  instances of an app that does not say how many: max, 4, -1
//   PORT           KPM_PORT       for the app

#include <optional>
#include <string>

#include "ecosystem/parse_app.h"

namespace kpm::cli {

// Sets in this process's environment what is only there under its other name, or differs.
void share_container_variables();

bool wants_supervisor();

// PM2_INSTANCES, laid over an app that says nothing of instances. `is_only`: there is no other app. An app
// among others gets it only when it is in cluster mode, where instances share the work.
Result<void> apply_instances(ecosystem::ParsedApp& app, bool is_only);

}  // namespace kpm::cli
