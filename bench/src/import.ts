import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';

/**
 * Fetching a large file from a hub on this machine (parallel parts, digest, onto the disk) against the slower of what
 * this machine can do at best: taking it from the same server and throwing it away, or writing as much to the disk.
 * `--gigabytes 10 --pairs 1` for the memory of a large one, `--folder` for another disk.
 */
const { values } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '2' },
    pairs: { type: 'string', default: '5' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const sizeBytes = Math.round(Number(values.gigabytes) * 1e9);
const megabytes = sizeBytes / 1e6;
const folder = await mkdtemp(join(values.folder, 'samovar-bench-import-'));
const target = join(folder, 'model.gguf');
const peaks: number[] = [];
const parts: { loopback: number; disk: number; cpuSeconds: number }[] = [];

const programs = {
  hub: new URL('./import/hub-process.ts', import.meta.url),
  import: new URL('./import/import-process.ts', import.meta.url),
  write: new URL('./import/write-process.ts', import.meta.url),
};
const program = (name: keyof typeof programs) => fileURLToPath(programs[name]);
const hub = spawn(process.execPath, [program('hub'), String(sizeBytes)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const place = await firstLine(hub);
  const run = async (
    name: keyof typeof programs,
    ...args: string[]
  ): Promise<Record<string, number | string>> => {
    const { stdout } = await promisify(execFile)(process.execPath, [program(name), ...args]);
    return JSON.parse(stdout);
  };
  let cpuSeconds = 0;

  const ours = async (): Promise<number> => {
    const outcome = await run('import', String(place.endpoint), target);
    if (outcome.sha256 !== place.sha256) throw new Error('the digest is wrong');
    peaks.push(Number(outcome.peakBytes));
    cpuSeconds = Number(outcome.cpuSeconds);
    await rm(target);
    return megabytes / Number(outcome.seconds);
  };
  const theirs = async (): Promise<number> => {
    const begunAt = performance.now();
    await promisify(execFile)('curl', ['--silent', '--fail', '--output', '/dev/null', String(place.file)]);
    const loopback = megabytes / ((performance.now() - begunAt) / 1000);
    const disk = megabytes / Number((await run('write', target, String(sizeBytes))).seconds);
    await rm(target);
    parts.push({ loopback, disk, cpuSeconds });
    return Math.min(loopback, disk);
  };
  const pairs = Number(values.pairs);
  if (pairs >= 5) {
    const ratio = await ratioOfPairs(ours, theirs, pairs);
    const name = `${values.gigabytes} GB, import / slower of loopback and disk`;
    printRows('Importing from a hub', [{ name, ratio, unit: 'MB/s', bar: { atLeast: 0.8 } }]);
  } else
    for (let pair = 0; pair < pairs; pair += 1) console.log(await ours(), 'MB/s', await theirs(), 'MB/s raw');
} finally {
  hub.kill();
  await rm(folder, { recursive: true, force: true });
}
for (const { loopback, disk, cpuSeconds } of parts)
  console.log(
    `loopback ${loopback.toFixed(0)} MB/s, disk ${disk.toFixed(0)} MB/s, ours ${cpuSeconds.toFixed(1)} s of CPU`,
  );
const peakMegabytes = Math.max(...peaks) / 1e6;
console.log(`memory at most ${peakMegabytes.toFixed(0)} MB (bar <= 200)`);
if (peakMegabytes > 200) process.exitCode = 1;

async function firstLine(child: ChildProcess): Promise<Record<string, string>> {
  if (child.stdout === null) throw new Error('the hub says nothing');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return JSON.parse(line);
}
