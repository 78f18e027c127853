// Node's own cluster with a script's workers, to compare with: WORKERS=2 node node_cluster.js SCRIPT
const cluster = require('cluster');

cluster.setupPrimary({ exec: process.argv[2] });
for (let i = 0; i < Number(process.env.WORKERS); ++i) cluster.fork();
process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill();
    process.exit();
});
