// A Node http server for the measurements. /health: the same body as render-worker's; /pid: who answers; /block: begins its
// answer, then keeps the whole process busy for one and a half seconds.
const http = require('http');

const blockTime = 1500;

function block(response) {
    for (const end = Date.now() + blockTime; Date.now() < end;);
    response.end();
}

function answerOf(url) {
    if (url === '/pid') return String(process.pid);
    return JSON.stringify({status: 'ok', timestamp: new Date().toISOString()});
}

const server = http.createServer((request, response) => {
    if (request.url === '/block') {
        response.write('blocked');
        return void setImmediate(block, response);
    }
    const body = answerOf(request.url);
    response.writeHead(200, {'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body)});
    response.end(body);
});
server.listen(Number(process.env.PORT), '127.0.0.1');
