#include "daemon/io/node_agent.h"

namespace kpm::io {
namespace {

// Node's functions are taken before the app can replace them (fake clocks, wrappers of process.send).
constexpr std::string_view kScript = R"js(
const { send } = process;
const { setTimeout } = globalThis;
const nanoseconds = process.hrtime.bigint;

const firstLook = 1000;
const lookEvery = 5000;
const tellAtLeastEach = 12;  // looks
const waitsKept = 60;
const longestText = 16384;
const linesAround = 5;

let isSending = false;
let lastException = -Infinity;

const hasOwnLibrary = () => Symbol.for('@pm2/io') in globalThis;
const now = () => Number(nanoseconds()) / 1e6;
const cut = (text) => String(text).slice(0, longestText);

function tell(type, data) {
  if (!process.connected || hasOwnLibrary()) return;
  isSending = true;
  // Without a callback a channel that has just closed would end the app.
  send.call(process, { type, data }, () => { isSending = false; });
}

// Where it was thrown: the first place in a file, and the lines around it.
function placeOf(stack) {
  for (const line of stack.split('\n', 50)) {
    const [, file, number] = /^ {4}at (?:.*\()?(?:file:\/\/)?(\/.+):(\d+):\d+\)?$/.exec(line.slice(0, 1000)) || [];
    if (file) return { file, number: Number(number) };
  }
  return null;
}

function linesOf({ file, number }) {
  const { readFileSync, statSync } = require('fs');
  if (statSync(file).size > 1 << 20) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  const first = Math.max(0, number - 1 - linesAround);
  const shown = lines.slice(first, number + linesAround).map((line) => line.slice(0, 500));
  const at = number - 1 - first;
  shown[at] = shown[at].replace(/\t/g, '  ').replace(/^( {2})?/, '>>');
  return shown.join('\n');
}

function describe(error) {
  if (error === null || typeof error !== 'object' || typeof error.stack !== 'string') {
    const { inspect } = require('util');
    const message = 'Uncaught ' + cut(inspect(error, { customInspect: false, depth: 2 }));
    return { message, stack: 'Error: ' + message, name: 'Error' };
  }
  const stack = cut(error.stack);
  const data = { message: cut(error.message), stack, name: cut(error.name || 'Error') };
  if (typeof error.code === 'string' || typeof error.code === 'number') data.code = error.code;
  const place = placeOf(stack);
  if (!place) return data;
  // An app that catches them may have many.
  const isRare = now() - lastException > lookEvery;
  lastException = now();
  try {
    if (isRare) data.context = linesOf(place);
  } catch {}
  data.callsite = place.file + ':' + place.number;
  return data;
}

const waits = [];

function waitAt(share) {
  const sorted = [...waits].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

const mebibytes = (bytes) => (bytes / (1 << 20)).toFixed(2);
const countOf = (list) => (typeof process[list] === 'function' ? process[list]().length : undefined);

// PM2's names, units and types.
function look() {
  const { total_heap_size: total, used_heap_size: used } = require('v8').getHeapStatistics();
  const metrics = {};
  const add = (name, type, unit, value) => {
    if (value !== undefined) metrics[name] = { historic: true, unit, type: 'internal/' + type, value };
  };
  add('Heap Size', 'v8/heap/total', 'MiB', mebibytes(total));
  add('Heap Usage', 'v8/heap/usage', '%', Number((used / total * 100).toFixed(2)));
  add('Used Heap Size', 'v8/heap/used', 'MiB', mebibytes(used));
  add('Active requests', 'libuv/requests', undefined, countOf('_getActiveRequests'));
  add('Active handles', 'libuv/handles', undefined, countOf('_getActiveHandles'));
  add('Event Loop Latency', 'libuv/latency/p50', 'ms', waitAt(0.5).toFixed(2));
  add('Event Loop Latency p95', 'libuv/latency/p95', 'ms', waitAt(0.95).toFixed(2));
  return metrics;
}

let told = {};
let quietLooks = 0;

function isNoticeable(metrics) {
  return Object.keys(metrics).some((name) => {
    const before = Number(told[name] ? told[name].value : NaN);
    const difference = Math.abs(Number(metrics[name].value) - before);
    return !(difference < Math.max(0.5, before * 0.05));
  });
}

function lookAgain(delay) {
  const due = now() + delay;
  setTimeout(() => {
    waits.push(Math.max(0, now() - due));
    if (waits.length > waitsKept) waits.shift();
    if (!process.connected) return;
    try {
      const metrics = look();
      // While kpmd does not read, nothing is put behind: what waits to be written keeps a process alive.
      if (!isSending && (isNoticeable(metrics) || ++quietLooks >= tellAtLeastEach)) {
        quietLooks = 0;
        told = metrics;
        tell('axm:monitor', metrics);
      }
    } catch {}
    lookAgain(lookEvery);
  }, delay).unref();
}

if (typeof send === 'function' && require('worker_threads').isMainThread) {
  process.on('uncaughtExceptionMonitor', (error) => {
    try {
      if (!hasOwnLibrary()) tell('process:exception', describe(error));
    } catch {}
  });
  lookAgain(firstLook);
}
)js";

}  // namespace

std::string_view node_agent_script() {
    return kScript;
}

}  // namespace kpm::io
