#include "daemon/io/node_drain.h"

namespace kpm::io {
namespace {

// Node keeps a server's connections in a list that has no name of its own; without it all that is idle after
// the second is closed.
constexpr std::string_view kScript = R"js(
const idleTime = 1000;

function connectionsOf(server) {
  const symbol = Object.getOwnPropertySymbols(server).find((one) => one.description === 'http.server.connections');
  const list = symbol && server[symbol];
  return list && typeof list.all === 'function' ? list.all() : null;
}

function drain(server, closeIdle) {
  server.keepAliveTimeout = Math.min(server.keepAliveTimeout || idleTime, idleTime);
  const connections = connectionsOf(server);
  if (!connections) return void setTimeout(() => closeIdle.call(server), idleTime);
  for (const { socket } of connections) {
    if (!socket) continue;
    const response = socket._httpMessage;
    if (!response) socket.setTimeout(idleTime);
    else if (!response.headersSent) response.shouldKeepAlive = false;
  }
}

function announceEnd() {
  const http = require('http');
  const https = require('https');
  require('diagnostics_channel').channel('http.server.request.start').subscribe(({ response, socket, server }) => {
    response.shouldKeepAlive = false;
    socket.setTimeout(server.timeout || 0);
  });
  for (const { prototype } of [http.Server, https.Server]) {
    const { close, closeIdleConnections } = prototype;
    if (!closeIdleConnections) continue;
    prototype.closeIdleConnections = function () {};
    prototype.close = function (...args) {
      drain(this, closeIdleConnections);
      return close.apply(this, args);
    };
  }
}

if (require('cluster').isWorker) {
  process.prependListener('internalMessage', function leave(message) {
    if (!message || message.cmd !== 'NODE_CLUSTER' || message.act !== 'disconnect') return;
    process.removeListener('internalMessage', leave);
    announceEnd();
  });
}
)js";

}  // namespace

std::string_view node_drain_script() {
    return kScript;
}

}  // namespace kpm::io
