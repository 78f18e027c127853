// k8s/*.yaml and docker-compose.yml are what Kubernetes and compose take, and fit each other and the Dockerfile.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const {compose, compose_errors, dockerfile, kubernetes_errors, manifests} = require('./manifests.js');

const of_kind = kind => {
    const found = manifests().filter(manifest => manifest.kind === kind);
    assert.strictEqual(found.length, 1, `${found.length} of kind ${kind}`);
    return found[0];
};
const pod = () => of_kind('Deployment').spec.template.spec;
const container = () => pod().containers[0];
const variable = name => container().env.find(entry => entry.name === name)?.value;

test('manifests: Kubernetes takes every one', () => {
    assert.ok(manifests().length >= 4);
    for (const manifest of manifests()) assert.deepStrictEqual(kubernetes_errors(manifest), [], manifest.kind);
});

// [kind, what is broken, words that the error must have]
const broken = [
    ['Deployment', d => { d.spec.replica = 2; }, '/spec/replica '],
    ['Deployment', d => { d.spec.replicas = 'two'; }, '/spec/replicas '],
    ['Deployment', d => { delete d.spec.selector; }, 'selector'],
    ['Deployment', d => { d.apiVersion = 'extensions/v1'; }, 'no schema'],
    ['Deployment', d => { d.spec.template.spec.terminationGracePeriod = 60; }, '/terminationGracePeriod '],
    ['Deployment', d => { d.spec.template.spec.containers[0].env[0].value = 1; }, '/env/0/value '],
    ['Deployment', d => { d.spec.template.spec.containers[0].livenessProbe.periodSecond = 1; }, '/periodSecond '],
    ['Deployment', d => { d.spec.template.spec.containers[0].startupProbe.httpGet.url = '/'; }, '/httpGet/url '],
    ['Deployment', d => { d.spec.template.spec.containers[0].lifecycle.preStop.exec.command = 'sleep 5'; }, '/command '],
    ['Deployment', d => { d.spec.template.spec.containers[0].resources.limit = {}; }, '/resources/limit '],
    ['Deployment', d => { d.spec.template.spec.volumes[0].emptyDir.size = '64Mi'; }, '/emptyDir/size '],
    ['Service', d => { d.spec.ports[0].target = 'http'; }, '/ports/0/target '],
    ['Service', d => { d.spec.ports[0].port = '80'; }, '/ports/0/port '],
    ['HorizontalPodAutoscaler', d => { d.spec.maxReplicas = '8'; }, '/spec/maxReplicas '],
    ['HorizontalPodAutoscaler', d => { d.spec.behavior.scaleDown.policies[0].period = 60; }, '/policies/0/period '],
    ['PodDisruptionBudget', d => { d.spec.minimum = 1; }, '/spec/minimum '],
];
for (const [kind, break_it, words] of broken) {
    test(`manifests: a broken ${kind} is refused:${String(break_it).slice(4).replace(/\s+/g, ' ')}`, () => {
        const manifest = of_kind(kind);
        break_it(manifest);
        const errors = kubernetes_errors(manifest);
        assert.ok(errors.some(error => error.includes(words)), `expected '${words}' in: ${errors.join('; ')}`);
    });
}

test('compose: the file is one, with and without the part for a GPU', () => {
    assert.deepStrictEqual(compose_errors(compose()), []);
    assert.strictEqual(compose(true).services.render.deploy.resources.reservations.devices[0].driver, 'nvidia');
    assert.deepStrictEqual(compose_errors(compose(true)), []);
});

for (const [break_it, words] of [
    [d => { d.services.render.environments = {}; }, 'environments'],
    [d => { d.services.render.read_only = 'yes please'; }, '/read_only'],
    [d => { d.services.render.stop_grace_period = 'thirty seconds'; }, '/stop_grace_period'],
    [d => { d.services.render.ports = ['3000:http']; }, '/ports/0'],
    [d => { d.services.render.build.targets = 'render'; }, 'targets'],
    [d => { d.services.render.cap_drop = 'ALL'; }, '/cap_drop'],
    [d => { d.services.render.deploy.resources.reservations.devices[0].capabilities = 'gpu'; }, '/capabilities'],
    [d => { d.service = {}; }, 'service'],
]) {
    test(`compose: a broken file is refused:${String(break_it).slice(4)}`, () => {
        const document = compose(true);
        break_it(document);
        const errors = compose_errors(document);
        assert.ok(errors.some(error => error.includes(words)), `expected '${words}' in: ${errors.join('; ')}`);
    });
}

test('manifests: what points at another thing meets it', () => {
    const deployment = of_kind('Deployment');
    const {labels} = deployment.spec.template.metadata;
    const selects = selector => Object.entries(selector).every(([key, value]) => labels[key] === value);
    assert.ok(selects(deployment.spec.selector.matchLabels));
    assert.ok(selects(of_kind('Service').spec.selector));
    assert.ok(selects(of_kind('PodDisruptionBudget').spec.selector.matchLabels));
    const target = of_kind('HorizontalPodAutoscaler').spec.scaleTargetRef;
    assert.deepStrictEqual(target, {apiVersion: deployment.apiVersion, kind: deployment.kind, name: deployment.metadata.name});
    const ports = new Set(container().ports.map(port => port.name));
    for (const port of of_kind('Service').spec.ports) assert.ok(ports.has(port.targetPort), port.targetPort);
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
        assert.ok(ports.has(container()[probe].httpGet.port), probe);
    const volumes = new Set(pod().volumes.map(volume => volume.name));
    for (const mount of container().volumeMounts) assert.ok(volumes.has(mount.name), mount.name);
});

test('manifests: the budget and the autoscaler let pods go and come', () => {
    const {minReplicas, maxReplicas} = of_kind('HorizontalPodAutoscaler').spec;
    assert.ok(minReplicas < maxReplicas);
    assert.ok(of_kind('PodDisruptionBudget').spec.minAvailable < minReplicas);
    // Each apply would set back what the autoscaler has found.
    assert.strictEqual(of_kind('Deployment').spec.replicas, undefined);
});

test('manifests: there is time for the drain', () => {
    const sleep = Number(container().lifecycle.preStop.exec.command.join(' ').match(/^sleep (\d+)$/)[1]);
    const grace = Number(variable('KPM_GRACE'));
    const total = pod().terminationGracePeriodSeconds;
    assert.ok(total > sleep + grace, `${total} s for ${sleep} + ${grace}`);
    // An app may use all but the last second (docs/container.md); the worker gives up a drain after 30 (docs/render-worker.md).
    const drain = 30;
    assert.ok(grace - 1 > drain, `${grace} s of grace for a drain of ${drain}`);
    const page = fs.readFileSync(path.join(process.env.KPM_SOURCE_DIR, 'docs/kubernetes.md'), 'utf8');
    const told = [...page.matchAll(/^\| .* \| (\d+) \|$/gm)].map(row => Number(row[1]));
    assert.deepStrictEqual(told, [sleep, grace, total - sleep - grace, total], 'the sum in docs/kubernetes.md');
    const service = compose().services.render;
    const stop = Number(service.stop_grace_period.match(/^(\d+)s$/)[1]);
    assert.ok(stop > service.environment.KPM_GRACE, `${stop} s for ${service.environment.KPM_GRACE}`);
    assert.ok(service.environment.KPM_GRACE - 1 > drain, `${service.environment.KPM_GRACE} s of grace for a drain of ${drain}`);
});

test('manifests: the image is the one that is built here, of this version', () => {
    const page = fs.readFileSync(path.join(process.env.KPM_SOURCE_DIR, 'docs/kubernetes.md'), 'utf8');
    const version = fs.readFileSync(path.join(process.env.KPM_SOURCE_DIR, 'CMakeLists.txt'), 'utf8')
        .match(/^project\(kpm VERSION (\S+)/m)[1];
    assert.strictEqual(container().image, `kpm-render:${version}`);
    assert.ok(page.includes(`-t kpm-render:${version} .`), 'docs/kubernetes.md builds another one');
    assert.strictEqual(compose().services.render.image, 'kpm-render');
});

test('manifests: ports, user, home and build target are the image\'s', () => {
    const stages = dockerfile();
    const text = (stage, instruction) => stages[stage].filter(line => line.instruction === instruction)
        .map(line => line.text).join(' ');
    const service = compose().services.render;
    assert.ok(service.build.target in stages);
    for (const argument of Object.keys(service.build.args))
        assert.match(text(service.build.target, 'ARG'), new RegExp(`\\b${argument}=`));
    const port = container().ports.find(entry => entry.name === 'http').containerPort;
    assert.strictEqual(String(port), variable('PORT'));
    assert.strictEqual(String(port), text('render', 'EXPOSE'));
    assert.match(text('render', 'ENV'), new RegExp(`PORT=${port}\\b`));
    assert.strictEqual(port, service.environment.PORT);
    assert.match(service.ports[0], new RegExp(`:${port}$`));
    const {runAsUser, runAsGroup} = pod().securityContext;
    assert.match(text('render', 'USER'), new RegExp(`${runAsUser}:${runAsGroup}$`));
    // The root is read-only: the home must lie on what is mounted.
    const home = text('kpm', 'ENV').match(/KPM_HOME=(\S+)/)[1];
    assert.ok(container().securityContext.readOnlyRootFilesystem && service.read_only);
    assert.ok(container().volumeMounts.some(mount => home.startsWith(`${mount.mountPath}/`)), home);
    assert.ok(service.tmpfs.some(mount => home.startsWith(`${mount}/`)), home);
});
