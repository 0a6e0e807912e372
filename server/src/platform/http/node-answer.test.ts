import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { NodeAnswer } from './node-answer.ts';

const pieces = ['data: один\n\n', `data: ${'x'.repeat(70_000)}\n\n`, 'data: [DONE]\n\n'];
let server: Server;
let port = 0;

before(async () => {
  server = createServer((_request, response) => {
    const stream = new NodeAnswer(response);
    stream.begin(200, ['content-type', 'text/event-stream']);
    for (const piece of pieces) stream.write(Buffer.from(piece));
    stream.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = address !== null && typeof address === 'object' ? address.port : 0;
});
after(() => server.close());

/** What the server sends to these requests on one connection. */
function speak(requests: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(requests));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
  });
}

test('a client gets every byte of a stream', async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(answer.headers.get('transfer-encoding'), 'chunked');
  assert.equal(await answer.text(), pieces.join(''));
});

test('the connection goes on after a stream, one chunk for each piece', async () => {
  const text = await speak(
    'GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
  );
  const framed = pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`);
  assert.equal(text.split(`${framed.join('')}0\r\n\r\n`).length, 3);
});

test('a client of HTTP/1.0 gets the stream without chunks', async () => {
  const text = await speak('GET / HTTP/1.0\r\n\r\n');
  assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4), pieces.join(''));
});
