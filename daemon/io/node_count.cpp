#include "daemon/io/node_count.h"

namespace kpm::io {
namespace {

// Node tells of connections since 18.8; a worker that cannot count must not seem to have none.
constexpr std::string_view kScript = R"js(
const { send } = process;
const { setTimeout, setImmediate } = globalThis;
const [major, minor] = process.versions.node.split('.').map(Number);

let taken = 0;
let ended = 0;
let pause = null;
let isDue = false;

function tell() {
  // Without a callback a channel that has just closed would end the app.
  if (process.connected) send.call(process, { cmd: 'NODE_KPM_CONNECTIONS', taken, ended }, () => {});
}

function tellWhatIsDue() {
  isDue = false;
  tell();
}

function tellSoon() {
  if (pause === null || isDue) return;
  isDue = true;
  if (pause === 0) setImmediate(tellWhatIsDue);
  else setTimeout(tellWhatIsDue, pause).unref();
}

function end() {
  ++ended;
  tellSoon();
}

if (require('cluster').isWorker && (major > 18 || (major === 18 && minor >= 8))) {
  require('diagnostics_channel').channel('net.server.socket').subscribe(({ socket }) => {
    ++taken;
    socket.once('close', end);
    // kpmd knows what it has handed over itself.
    if (pause !== 0) tellSoon();
  });
  process.on('internalMessage', (message) => {
    if (!message || message.cmd !== 'NODE_KPM_COUNT') return;
    pause = message.pause;
    tell();
  });
}
)js";

}  // namespace

std::string_view node_count_script() {
    return kScript;
}

}  // namespace kpm::io
