import { Agent, type ClientRequest, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMegabytes } from './processor-time.ts';
import { question } from './sample-answers.ts';
import type { ApiProcess } from './start-api-process.ts';

const limitMs = 60_000;
/** Opened together: a burst of all would measure the backlog of sockets, not the memory of streams. */
const burst = 50;

/** Megabytes that so many streams add which have begun and say nothing more. Throws when any of them fails. */
export async function idleStreamMegabytes(
  api: ApiProcess,
  count: number,
  silentStreams: () => Promise<number>,
): Promise<number> {
  const before = residentMegabytes(api.pid);
  const agent = new Agent({ keepAlive: false });
  const requests: ClientRequest[] = [];
  let failure: Error | null = null;
  let closing = false;
  const fail = (error: Error): void => {
    if (!closing) failure ??= error;
  };
  const until = async (reached: (silent: number) => boolean): Promise<void> => {
    const deadline = performance.now() + limitMs;
    while (!reached(await silentStreams())) {
      if (failure !== null) throw failure;
      if (performance.now() > deadline) throw new Error(`idle streams did not settle in ${limitMs} ms`);
      await sleep(20);
    }
  };
  try {
    while (requests.length < count) {
      for (let more = 0; more < burst && requests.length < count; more += 1)
        requests.push(openStream(api, agent, fail));
      await until((silent) => silent >= requests.length);
    }
    await sleep(1000);
    return Math.max(0, residentMegabytes(api.pid) - before);
  } finally {
    closing = true;
    for (const outgoing of requests) outgoing.destroy();
    await until((silent) => silent === 0);
  }
}

function openStream(api: ApiProcess, agent: Agent, fail: (error: Error) => void): ClientRequest {
  const outgoing = request(
    `${api.url}/v1/chat/completions`,
    {
      method: 'POST',
      agent,
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
    },
    (answer) => {
      answer.on('error', fail);
      answer.resume();
      if (answer.statusCode !== 200) fail(new Error(`an idle stream was answered ${answer.statusCode}`));
    },
  );
  outgoing.on('error', fail);
  const messages = [{ role: 'user', content: 'silent' }];
  outgoing.end(JSON.stringify(question({ stream: true, messages })));
  return outgoing;
}
