import { createHash, randomBytes } from 'node:crypto';
import type { ServedContent } from '../../../server/test/file-server.ts';
import { startHubServer } from '../../../server/test/hub-server.ts';

/** A hub with one large file, `maker/model`. Argument: its size in bytes. Prints where it is, as JSON, and serves until it is ended. */
const sizeBytes = Number(process.argv[2]);
const chunkBytes = 256 * 1024;
const block = randomBytes(64 * 1024 * 1024);

function* read(start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end; ) {
    const offset = at % block.length;
    const length = Math.min(chunkBytes, end - at, block.length - offset);
    yield block.subarray(offset, offset + length);
    at += length;
  }
}

const hash = createHash('sha256');
for (const chunk of read(0, sizeBytes)) hash.update(chunk);
const content: ServedContent = { sizeBytes, sha256: hash.digest('hex'), read };
const server = await startHubServer();
server.publish({ name: 'maker/model', files: new Map([['model.gguf', content]]), large: () => true });
const file = `${server.cdn.url}/${content.sha256}`;
console.log(JSON.stringify({ endpoint: server.endpoint, file, sha256: content.sha256 }));
