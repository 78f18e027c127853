#include "daemon/io/node_preload.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace kpm::io {
namespace {

constexpr std::string_view kVariable = "NODE_OPTIONS=";
constexpr std::string_view kFileName = "node-drain.cjs";

// Node keeps a server's connections in a list that has no name of its own; without it all that is idle after
// the second is closed.
constexpr std::string_view kScript = R"js('use strict';
// Written by kpm, which loads it into its Node cluster workers; see drain_keep_alive in docs/config.md.
const own = '--require "' + __filename.replace(/["\\]/g, '\\$&') + '"';
const options = (process.env.NODE_OPTIONS || '').replace(own, '').trim();
if (options) process.env.NODE_OPTIONS = options;
else delete process.env.NODE_OPTIONS;

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

std::string quoted(const std::string& path) {
    std::string text = "\"";
    for (const char letter : path) {
        if (letter == '"' || letter == '\\') text += '\\';
        text += letter;
    }
    return text + '"';
}

}  // namespace

Result<std::string> write_node_preload(const ipc::Home& home) {
    std::error_code failure;
    const auto folder = std::filesystem::canonical(home.root(), failure);
    if (failure) return os_error("find", home.root().string(), failure.value());
    const std::string path = folder / kFileName, fresh = path + ".new";
    std::ofstream file(fresh, std::ios::trunc);
    file << kScript;
    file.close();
    if (!file) return os_error("write", fresh, errno);
    // Replaced as a whole: a worker may be loading it.
    if (std::rename(fresh.c_str(), path.c_str()) != 0) return os_error("replace", path, errno);
    return path;
}

void add_node_preload(std::vector<std::string>& env, const std::string& path) {
    std::string own = "--require " + quoted(path);
    for (std::string& line : env) {
        if (!line.starts_with(kVariable)) continue;
        line.insert(kVariable.size(), own + ' ');
        return;
    }
    env.push_back(std::string(kVariable) + own);
}

}  // namespace kpm::io
