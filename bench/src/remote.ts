import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startLlamaServer } from './engine/llama-server.ts';
import { freshText, longAnswer } from './engine/prompts.ts';
import { streamAnswer } from './engine/stream-answer.ts';
import { freePort, startApiProcess } from './gateway/start-api-process.ts';
import { startChild } from './gateway/start-child.ts';
import { ratioOfPairs } from './measure/pairs.ts';
import { printRows } from './measure/report.ts';
import { connectEngine } from './remote/connect-engine.ts';

/**
 * A connected engine, called through Samovar (key, limits, metering, answers put into shape) against the same engine
 * called directly: a real llama-server with one stream, and an engine that answers as a vLLM does, at a steady pace,
 * with many. Samovar has a core of its own; the engine and the client share the other, or run anywhere.
 */
const answerTokens = 96;
const streams = 32;
const [llamaPort, pacedPort] = [await freePort(), await freePort()];
const api = await startApiProcess('/nowhere.sock', 'normalise');
const llama = await startLlamaServer({ threads: 1, parallelSequences: 2, contextTokens: 2048 }, llamaPort);
const paced = startChild('other', process.execPath, [
  fileURLToPath(new URL('./remote/paced-engine.ts', import.meta.url)),
  ...[String(pacedPort), '20', '100'],
]);
await once(paced.process, 'message');

const upstream = await firstModelOf(llamaPort);
await connectEngine(api, { name: 'llama', port: llamaPort, upstream, model: 'through-llama' });
await connectEngine(api, { name: 'paced', port: pacedPort, upstream: 'paced', model: 'through-paced' });
const headers = { authorization: `Bearer ${api.key}` };
const through = { port: Number(new URL(api.url).port), headers };

/** Tokens per second of one streamed answer. */
async function oneStream(port: number, sent: Record<string, string>, model: string): Promise<number> {
  const body = { ...longAnswer(freshText(24), answerTokens), model };
  const answer = await streamAnswer({ port, headers: sent, path: '/v1/completions' }, body);
  return (answer.answerTokens / answer.totalMs) * 1000;
}

/** Events per second of many streams, from the first question to the last end. */
async function manyStreams(port: number, sent: Record<string, string>, model: string): Promise<number> {
  const begun = performance.now();
  const body = { model, messages: [{ role: 'user', content: 'Count.' }] };
  const answers = await Promise.all(
    Array.from({ length: streams }, () =>
      streamAnswer({ port, headers: sent, path: '/v1/chat/completions' }, body),
    ),
  );
  const events = answers.reduce((sum, { times }) => sum + times.length, 0);
  return (events / (performance.now() - begun)) * 1000;
}

async function firstModelOf(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/models`);
  const { data } = (await answer.json()) as { data: { id: string }[] };
  return data[0]?.id ?? '';
}

try {
  const one = await ratioOfPairs(
    () => oneStream(through.port, headers, 'through-llama'),
    () => oneStream(llamaPort, {}, upstream),
    41,
  );
  const many = await ratioOfPairs(
    () => manyStreams(through.port, headers, 'through-paced'),
    () => manyStreams(pacedPort, {}, 'paced'),
    5,
  );
  printRows('A connected engine, through Samovar / direct', [
    { name: 'one streamed answer of a llama-server', ratio: one, unit: 'tok/s', bar: { atLeast: 0.97 } },
    { name: `${streams} paced streams of a vLLM`, ratio: many, unit: 'events/s', bar: { atLeast: 0.97 } },
  ]);
} finally {
  await api.stop();
  await llama.stop();
  await paced.stop();
}
