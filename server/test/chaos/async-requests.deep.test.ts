import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cleanUp } from '../supervised-run.ts';
import { assertEachOnce, startAsyncLoad, untilAllEnded } from './async-requests.ts';
import { startChaosStack } from './chaos-stack.ts';
import { chatModel, stopWhole, untilServed } from './hurt-stack.ts';
import { randomFrom, randomHurt } from './random-hurt.ts';

const seed = Number(process.env.SAMOVAR_CHAOS_SEED ?? Date.now() % 100_000);
const requests = 500;

after(cleanUp);

test(`of ${requests} asynchronous requests under random kills each ends once and is metered once (SAMOVAR_CHAOS_SEED=${seed})`, async () => {
  const stack = await startChaosStack({ SAMOVAR_DEFAULT_MODELS: chatModel }, ['chat-default']);
  const random = randomFrom(seed);
  const load = startAsyncLoad(stack, requests, 600);
  let done = false;
  const finished = load.done.finally(() => {
    done = true;
  });
  try {
    while (!done) {
      await pause(1_000 + random() * 6_000);
      const { name, hurt } = randomHurt(random);
      const killedAt = Date.now();
      await hurt(stack);
      await untilServed(stack, killedAt, { servedWithinMs: 60_000 });
      console.log(`${name}: served again after ${Date.now() - killedAt} ms, ${load.accepted.size} accepted`);
    }
  } finally {
    if (!done) load.stop();
  }
  await finished;
  await untilAllEnded(stack, 300_000);
  await assertEachOnce(stack, load);
  await stopWhole(stack);
});
