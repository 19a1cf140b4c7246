// A proxy that keeps a copy of every byte sent to a browser, including redirects and cookies.

import { once } from 'node:events';
import http from 'node:http';
import { buffer } from 'node:stream/consumers';

export async function tap() {
  const received = [];
  const server = http.createServer(async (request, response) => {
    const { url, method, headers } = request;
    // Without compression, so that the copy can be read.
    delete headers['accept-encoding'];
    const answer = await send(url, { method, headers }, request).catch(() => null);
    if (!answer) return response.writeHead(502).end();
    const body = await buffer(answer);
    received.push({ url, text: [...pairs(answer.rawHeaders), body.toString()].join('\n') });
    response.writeHead(answer.statusCode, answer.rawHeaders).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    received,
    proxy: { server: `http://127.0.0.1:${server.address().port}` },
    stop: () => (server.closeAllConnections(), server.close()),
  };
}

const send = (url, options, body) =>
  new Promise((resolve, reject) => body.pipe(http.request(url, options, resolve).on('error', reject)));

function* pairs(raw) {
  for (let at = 0; at < raw.length; at += 2) yield `${raw[at]}: ${raw[at + 1]}`;
}
