import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { contentOf } from '../../../../test/file-server.ts';
import { type HubServer, startHubServer } from '../../../../test/hub-server.ts';

const program = fileURLToPath(new URL('../../../../test/download-process.ts', import.meta.url));
const mebibyte = 1024 * 1024;

/** Downloads in a process of its own, which is killed once so many bytes are there; returns the last line it said. */
async function download(server: HubServer, target: string, killAtBytes: number): Promise<string> {
  const child = spawn(process.execPath, [program, server.endpoint, 'hf:maker/model', target], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let last = '';
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    if (Number(line) >= killAtBytes) child.kill('SIGKILL');
  }
  await exited;
  return last;
}

test('a process killed in the middle again and again loses next to nothing, and the file ends whole', async () => {
  const server = await startHubServer();
  const folder = await mkdtemp(join(tmpdir(), 'samovar-killed-'));
  try {
    const bytes = randomBytes(40 * mebibyte);
    const content = contentOf(bytes);
    server.publish({ name: 'maker/model', files: new Map([['model.gguf', content]]), large: () => true });
    server.cdn.chunkPauseMs = 2;
    const target = join(folder, 'model.gguf');
    let there = 0;
    for (const killAt of [5, 11, 18, 30]) {
      there = Number(await download(server, target, killAt * mebibyte));
      assert.ok(there >= killAt * mebibyte && there < content.sizeBytes, `killed at ${there}`);
    }
    server.cdn.requests.length = 0;
    assert.equal(await download(server, target, Number.POSITIVE_INFINITY), content.sha256);
    assert.ok((await readFile(target)).equals(bytes));
    const asked = server.cdn.requests.reduce((sum, { range }) => {
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      return sum + Number(end) + 1 - Number(start);
    }, 0);
    const missing = content.sizeBytes - there;
    // Of each of the four connections, what it was gathering and what it was writing.
    assert.ok(asked <= missing + 8 * mebibyte, `fetched ${asked} bytes where ${missing} were missing`);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
});
