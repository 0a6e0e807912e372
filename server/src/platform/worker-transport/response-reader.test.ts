import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ResponseReader } from './response-reader.ts';

interface Read {
  readonly status: number;
  readonly body: string;
  readonly reader: ResponseReader;
}

function cutInto(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * whole.length)), whole.length].sort(
    (left, right) => left - right,
  );
  return places.slice(1).map((place, index) => whole.subarray(places[index], place));
}

/** Feeds an answer through one buffer that is overwritten after each read, as that of the sockets is. */
function read(whole: Buffer, cuts: readonly number[] = []): Read {
  const shared = Buffer.alloc(whole.length);
  const body: Buffer[] = [];
  let status = 0;
  const reader = new ResponseReader({
    head: (given) => {
      status = given;
    },
    body: (bytes) => body.push(bytes),
  });
  for (const part of cutInto(whole, cuts)) {
    shared.set(part);
    reader.push(shared.subarray(0, part.length));
    shared.fill(0x21);
  }
  return { status, body: Buffer.concat(body).toString('latin1'), reader };
}

const payload = fc.string({ unit: fc.constantFrom('\r', '\n', '0', 'a', ';', ' ', 'data: ', '\r\n\r\n') });
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });
const interim = fc.constantFrom('', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early\r\nlink: x\r\n\r\n');
const extension = fc.constantFrom('', ';x=1', ' ; y="z"');
const trailer = fc.constantFrom('', 'digest: 1\r\n', 'a: b\r\nc: d\r\n');

test('an answer with a length is the same wherever it is cut', () => {
  fc.assert(
    fc.property(interim, payload, cuts, (before, text, places) => {
      const whole = `${before}HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
      const { status, body, reader } = read(Buffer.from(whole), places);
      assert.deepEqual([status, body], [200, text]);
      assert.equal(reader.keepsOpen, true);
    }),
    { numRuns: 500 },
  );
});

test('an answer in chunks is the same wherever it is chunked and cut', () => {
  const chunks = fc.array(fc.tuple(payload, extension), { maxLength: 8 });
  fc.assert(
    fc.property(interim, chunks, trailer, cuts, (before, parts, last, places) => {
      const framed = parts
        .filter(([text]) => text.length > 0)
        .map(([text, more]) => `${text.length.toString(16)}${more}\r\n${text}\r\n`);
      const head = `${before}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n`;
      const { body, reader } = read(Buffer.from(`${head}${framed.join('')}0\r\n${last}\r\n`), places);
      assert.equal(body, parts.map(([text]) => text).join(''));
      assert.equal(reader.keepsOpen, true);
    }),
    { numRuns: 500 },
  );
});

test('an answer without a length is complete when the connection ends, and not before', () => {
  const { body, reader } = read(Buffer.from('HTTP/1.1 200 OK\r\n\r\nabc'), [0.9]);
  assert.equal(body, 'abc');
  assert.equal(reader.complete, false);
  assert.equal(reader.end(), true);
  assert.equal(reader.keepsOpen, false);
});

test('an answer that breaks off is never complete', () => {
  for (const text of [
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n',
  ])
    assert.equal(read(Buffer.from(text)).reader.end(), false, text);
});

test('the connection is not kept when the worker says so or speaks HTTP/1.0', () => {
  for (const text of [
    'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n',
  ]) {
    const { reader } = read(Buffer.from(text));
    assert.deepEqual([reader.complete, reader.keepsOpen], [true, false]);
  }
});

test('the time that the worker keeps idle connections is read', () => {
  const text = 'HTTP/1.1 204 No Content\r\nKeep-Alive: max=9, timeout=5\r\n\r\n';
  assert.equal(read(Buffer.from(text)).reader.keepAliveSeconds, 5);
});

test('what is not plain HTTP/1.1 is refused, wherever it is cut', () => {
  const ok = 'HTTP/1.1 200 OK\r\n';
  const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;
  const broken = [
    'HTTP/2 200\r\n\r\n',
    'garbage\r\n\r\n',
    'HTTP/1.1 101 Switching\r\n\r\n',
    `${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`,
    `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\n`,
    `${ok}content-length: -1\r\n\r\n`,
    `${ok}transfer-encoding: gzip, chunked\r\n\r\n`,
    `${ok}: nameless\r\n\r\n`,
    `${ok} folded\r\n\r\n`,
    `${ok}content-length: 1\r\n\r\nab`,
    `${chunked}x\r\n`,
    `${chunked}\r\n`,
    `${chunked}1\r\nab\r\n`,
    `${chunked}1\rx`,
    `${chunked}fffffffff\r\n`,
    `${chunked}0\r\n\r\nmore`,
  ];
  for (const text of broken)
    fc.assert(
      fc.property(cuts, (places) => {
        assert.throws(() => read(Buffer.from(text), places), text);
      }),
      { numRuns: 20 },
    );
});

test('a head without an end is given up, not collected for ever', () => {
  const endless = Buffer.from(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(70_000)}`);
  assert.throws(() => read(endless, [0.2, 0.4, 0.6, 0.8]), /too long/);
});
