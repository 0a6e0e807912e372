import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { readPlainHead } from './request-head.ts';

/** What the full parser of Node made of a connection: every request with its body, or an error. */
interface Seen {
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let port = 0;
const seen = new Map<number, Seen[]>();

before(async () => {
  server = createServer({ requireHostHeader: false }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const target = `${request.method} ${(request.url ?? '').split('?', 1)[0]}`;
      const all = seen.get(request.socket.remotePort ?? 0) ?? [];
      all.push({ target, headers: request.headers, body: Buffer.concat(chunks).toString('latin1') });
      seen.set(request.socket.remotePort ?? 0, all);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = address !== null && typeof address === 'object' ? address.port : 0;
});
after(() => server.close());

async function parsedByNode(bytes: string): Promise<Seen[]> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  const own = socket.localPort ?? 0;
  seen.delete(own);
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return seen.get(own) ?? [];
}

const plain =
  'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n' +
  'Content-Length: 7\r\n';
const last = 'GET /last HTTP/1.1\r\nhost: y\r\nconnection: close\r\n\r\n';

test('a plain head is read', () => {
  const head = readPlainHead(plain);
  assert.equal(head?.target, 'POST /v1/chat/completions');
  assert.equal(head?.bodyBytes, 7);
  assert.equal(head?.headers.authorization, 'Bearer k');
  const more = readPlainHead('GET /a?b=c HTTP/1.1\r\nhost: x\r\nx: \t a b \t\r\nconnection: Keep-Alive\r\n');
  assert.equal(more?.target, 'GET /a');
  assert.equal(more?.headers.x, 'a b');
});

test('whatever is unusual, wrong, or ambiguous is left to the full parser', () => {
  const field = (line: string) => `${plain}${line}\r\n`;
  const left = [
    plain.replace('POST', 'post'),
    plain.replace('POST', 'PUT'),
    plain.replace('POST', 'HEAD'),
    plain.replace('1.1', '1.0'),
    plain.replace('1.1', '2.0'),
    plain.replace('POST ', 'POST  '),
    plain.replace(' HTTP', '\tHTTP'),
    plain.replace('/v1', 'http://x/v1'),
    plain.replace('/v1', '/v1#'),
    plain.replace('/v1', '/\u00e9'),
    plain.replace('Host: x\r\n', ''),
    plain.replace('Host: x', 'Host:'),
    plain.replace('Host:', 'Host :'),
    plain.replace('Host:', ' Host:'),
    plain.replace('\r\nHost', '\nHost'),
    plain.replace('\r\nHost', '\r\rHost'),
    `\r\n${plain}`,
    plain.replace(': 7', ': +7'),
    plain.replace(': 7', ': 7, 7'),
    plain.replace(': 7', ': 0x7'),
    plain.replace(': 7', ': 7 7'),
    plain.replace(': 7', ':'),
    plain.replace(': 7', ': 99999999999'),
    field('content-length: 7'),
    field('host: z'),
    field('transfer-encoding: chunked'),
    field('Transfer-Encoding: identity'),
    field('transfer-encoding:'),
    field('transfer-encoding : chunked'),
    field('expect: 100-continue'),
    field('upgrade: h2c'),
    field('trailer: x'),
    field('te: trailers'),
    field('connection: close'),
    field('connection: keep-alive, upgrade'),
    field('proxy-connection: close'),
    field('authorization: Bearer other'),
    field(' folded'),
    field('\tfolded'),
    field('no colon'),
    field(': no name'),
    field('x: a\0b'),
    field('x: a\x7fb'),
    field('x: a\rb'),
    field('x: a\nb'),
    field('x\u00e9: a'),
    plain.slice(0, -1),
    `${plain}\r\n`,
  ];
  for (const text of left) assert.equal(readPlainHead(text), null, JSON.stringify(text));
});

test('what it reads the full parser reads in the same way, with the same end, however a head is bent', async () => {
  let seed = 20261123;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const pieces = [
    ' ',
    '\t',
    '\r',
    '\n',
    '\r\n',
    ':',
    ',',
    '?',
    '0',
    '7',
    'x',
    '\0',
    '\x7f',
    '\xe9',
    '"',
    '/',
  ];
  const lines = [
    'content-length: 3',
    'content-length: 007',
    'transfer-encoding: chunked',
    'X-Empty:',
    'x-spaces:  \t a  b\t ',
    'accept: */*',
    'connection: keep-alive',
    'connection: close',
    'x-latin: \xe9\xff',
    'user-agent: a/1 (b; c)',
    'keep-alive: timeout=5',
  ];
  const accepted: string[] = [plain];
  for (let round = 0; round < 30_000; round += 1) {
    let text = plain;
    for (let change = random(3); change >= 0; change -= 1) {
      const at = random(text.length + 1);
      const kind = random(5);
      if (kind === 0) text = text.slice(0, at) + (pieces[random(pieces.length)] ?? '') + text.slice(at);
      else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1);
      else if (kind === 2)
        text = text.slice(0, at) + (pieces[random(pieces.length)] ?? '') + text.slice(at + 1);
      else text = `${text}${lines[random(lines.length)]}\r\n`;
    }
    if (text.includes('\r\n\r\n')) continue;
    if (readPlainHead(text) !== null) accepted.push(text);
  }
  const distinct = [...new Set(accepted)].slice(0, 1500);
  assert.ok(distinct.length > 500, `${distinct.length} were read`);
  for (let from = 0; from < distinct.length; from += 50)
    await Promise.all(distinct.slice(from, from + 50).map(compare));
});

async function compare(text: string): Promise<void> {
  const head = readPlainHead(text);
  assert.ok(head);
  const body = 'b'.repeat(head.bodyBytes);
  const told = await parsedByNode(`${text}\r\n${body}${last}`);
  const shown = JSON.stringify(text);
  assert.deepEqual(
    told.map(({ target }) => target),
    [head.target, 'GET /last'],
    shown,
  );
  assert.equal(told[0]?.body, body, shown);
  assert.deepEqual({ ...head.headers }, { ...told[0]?.headers }, shown);
}
