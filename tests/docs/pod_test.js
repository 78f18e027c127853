// The pod of k8s/deployment.yaml without a cluster: the image's command with the built programs and the manifest's
// variables, asked what the kubelet asks, told to end as the kubelet tells it.
'use strict';
const assert = require('node:assert');
const {spawn, spawnSync} = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const {dockerfile, manifests} = require('./manifests.js');

const bin = process.env.KPM_BIN_DIR;
const pod = manifests().find(manifest => manifest.kind === 'Deployment').spec.template.spec;
const [container] = pod.containers;

const free_port = () => new Promise(done => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
        const {port} = server.address();
        server.close(() => done(port));
    });
});

// -> the status of the answer; 0: none.
const get = (port, at, timeout) => new Promise(done => {
    const request = http.get({host: '127.0.0.1', port, path: at, timeout: timeout * 1000, agent: false}, answer => {
        answer.resume().on('end', () => done(answer.statusCode));
    });
    request.on('error', () => done(0)).on('timeout', () => request.destroy());
});

// As the kubelet: until it succeeds, or failureThreshold looks have failed.
async function probe({httpGet, periodSeconds, timeoutSeconds = 1, failureThreshold}, port) {
    let status;
    for (let i = 0; i < failureThreshold; ++i) {
        status = await get(port, httpGet.path, timeoutSeconds);
        if (status >= 200 && status < 400) return status;
        await new Promise(done => setTimeout(done, periodSeconds * 1000));
    }
    return status;
}

function ends_of(stage, instruction) {
    return dockerfile()[stage].filter(line => line.instruction === instruction).at(-1).text;
}

test('pod: the image\'s command answers the probes, is healthy, and ends with 0 in the grace period', async t => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'kpm-pod-'));
    const port = await free_port();
    const env = {...process.env, ...Object.fromEntries(container.env.map(entry => [entry.name, entry.value])),
        PATH: `${bin}:${process.env.PATH}`, KPM_HOME: path.join(root, '.kpm'), PORT: String(port)};
    delete env.PM2_HOME;
    const command = JSON.parse(ends_of('render', 'CMD'))
        .map(word => word.replaceAll('/usr/local/bin/', `${bin}/`));
    const runner = spawn(command[0], command.slice(1), {env, cwd: root, stdio: ['ignore', 'pipe', 'pipe']});
    let said = '';
    for (const stream of [runner.stdout, runner.stderr]) stream.on('data', data => said += data);
    const ended = new Promise(done => runner.on('exit', (code, signal) => done(signal ?? code)));
    t.after(async () => {
        if (runner.exitCode === null && runner.signalCode === null) runner.kill('SIGTERM');
        await ended;
        fs.rmSync(root, {recursive: true, force: true});
    });

    assert.strictEqual(await probe(container.startupProbe, port), 200, said);
    assert.strictEqual(await probe(container.readinessProbe, port), 200, said);
    assert.strictEqual(await probe(container.livenessProbe, port), 200, said);
    // Any answer would do for a probe that is asked of a server that answers everything.
    assert.strictEqual(await get(port, '/other', 5), 404);

    const check = JSON.parse(ends_of('render', 'HEALTHCHECK').match(/CMD (\[.*\])$/)[1]);
    const health = spawnSync(check[0], check.slice(1), {env, encoding: 'utf8'});
    assert.strictEqual(health.status, 0, health.stdout + health.stderr);

    const list = JSON.parse(spawnSync(`${bin}/kpm`, ['jlist'], {env, encoding: 'utf8'}).stdout);
    assert.strictEqual(list.length, Number(env.PM2_INSTANCES));

    const started = Date.now();
    runner.kill('SIGTERM');
    assert.strictEqual(await ended, 0, said);
    assert.ok(Date.now() - started < pod.terminationGracePeriodSeconds * 1000);
});
