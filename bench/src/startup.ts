import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { dataFolder } from '@samovar/contract/data-folder';
import { streamAnswer } from './engine/stream-answer.ts';
import { machineLine } from './measure/machine.ts';
import { median } from './measure/pairs.ts';

/** A warm `samovar up`: seconds until `/readyz` answers 200, and until the first token of a streamed answer. */
const run = promisify(execFile);
const launcher = fileURLToPath(new URL('../../samovar', import.meta.url));
const rounds = 5;
const bars = { healthy: 5, firstToken: 10 };
const port = 18_431;

const root = await mkdtemp(join(tmpdir(), 'samovar-startup-'));
const environment = {
  ...process.env,
  SAMOVAR_DATA: join(root, 'data'),
  SAMOVAR_PORT: String(port),
  SAMOVAR_GRPC_PORT: '0',
};
try {
  await run(launcher, ['up', '--detach'], { env: environment });
  await run(launcher, ['down'], { env: environment });
  const healthy: number[] = [];
  const firstToken: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const begunAt = performance.now();
    const up = run(launcher, ['up', '--detach'], { env: environment });
    await untilHealthy();
    healthy.push((performance.now() - begunAt) / 1000);
    await firstTokenOf();
    firstToken.push((performance.now() - begunAt) / 1000);
    await up;
    await run(launcher, ['down'], { env: environment });
  }
  console.log(`\nWarm start, median of ${rounds}\n${machineLine()}\n`);
  print('until healthy', healthy, bars.healthy);
  print('until the first token', firstToken, bars.firstToken);
} finally {
  await run(launcher, ['down'], { env: environment });
  await rm(root, { recursive: true, force: true });
}

async function untilHealthy(): Promise<void> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await pause(20);
  }
}

async function firstTokenOf(): Promise<void> {
  const key = (await readFile(dataFolder(environment.SAMOVAR_DATA).firstKey, 'utf8')).trim();
  const endpoint = { port, path: '/v1/chat/completions', headers: { authorization: `Bearer ${key}` } };
  await streamAnswer(endpoint, {
    model: 'chat-default',
    messages: [{ role: 'user', content: 'Hello' }],
    max_tokens: 1,
  });
}

function print(name: string, seconds: readonly number[], bar: number): void {
  const middle = median(seconds);
  if (middle > bar) process.exitCode = 1;
  const range = `[${Math.min(...seconds).toFixed(2)}, ${Math.max(...seconds).toFixed(2)}]`;
  console.log(
    `${name}: ${middle.toFixed(2)} s ${range}  bar <= ${bar} s: ${middle <= bar ? 'reached' : 'missed'}`,
  );
}
