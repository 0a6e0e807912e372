import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly body: object;
  /** Names that requests call the model by, in turn; else as the body says. */
  readonly models?: readonly string[];
  readonly key: string;
  /** A file that this load may write. */
  readonly script: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Loads an address with wrk. Throws when any answer is not a good one. */
export async function runWrk(load: Load): Promise<LoadResult> {
  const body = JSON.stringify(load.body);
  const inTurn = load.models?.map((model) => JSON.stringify({ ...load.body, model })) ?? [];
  await writeFile(
    load.script,
    [
      'wrk.method = "POST"',
      `wrk.body = [==[${body}]==]`,
      'wrk.headers["content-type"] = "application/json"',
      `wrk.headers["authorization"] = "Bearer ${load.key}"`,
      ...(inTurn.length === 0 ? [] : turns(inTurn)),
    ].join('\n'),
  );
  const args = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--timeout', '30s', '--latency'];
  const { stdout } = await promisify(execFile)('taskset', [
    '-c',
    '0',
    'wrk',
    ...args,
    '-s',
    load.script,
    load.url,
  ]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk met errors at ${load.url}:\n${stdout}`);
  return {
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0),
    p50Ms: latency(stdout, '50%'),
    p99Ms: latency(stdout, '99%'),
  };
}

/** Every request is made ready before the load begins. */
function turns(bodies: readonly string[]): string[] {
  return [
    `local bodies = { ${bodies.map((body) => `[==[${body}]==]`).join(', ')} }`,
    'local requests, next = {}, 0',
    'init = function() for i, b in ipairs(bodies) do requests[i] = wrk.format(nil, nil, nil, b) end end',
    'request = function() next = next % #requests + 1; return requests[next] end',
  ];
}

function latency(text: string, percentile: string): number {
  const found = new RegExp(`${percentile}\\s+([\\d.]+)(us|ms|s)`).exec(text);
  const scale = { us: 0.001, ms: 1, s: 1000 }[found?.[2] ?? 'ms'] ?? 1;
  return Number(found?.[1] ?? Number.NaN) * scale;
}
