// The pm2 side of connections.py: answers /health with the same body as render-worker does.
const http = require('http');

const server = http.createServer((request, response) => {
    const body = JSON.stringify({status: 'ok', timestamp: new Date().toISOString()});
    response.writeHead(200, {'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body)});
    response.end(body);
});
server.listen(Number(process.env.PORT), '127.0.0.1');
