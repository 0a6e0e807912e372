import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cleanUp } from '../supervised-run.ts';
import { assertEachOnce, startAsyncLoad, untilAllEnded } from './async-requests.ts';
import { startChaosStack } from './chaos-stack.ts';
import { chatModel, killRole, killWorker, stopWhole } from './hurt-stack.ts';

after(cleanUp);

test('whatever is killed while asynchronous requests come and run, each ends once and is metered once', async () => {
  const stack = await startChaosStack({ SAMOVAR_DEFAULT_MODELS: chatModel }, ['chat-default']);
  const load = startAsyncLoad(stack, 80, 300);
  after(load.stop);
  for (const hurt of [
    () => killRole(stack, 'worker'),
    () => killWorker(stack, chatModel),
    () => killRole(stack, 'api'),
    () => killRole(stack, 'postgres'),
    () => killRole(stack, 'engine'),
  ]) {
    await pause(1_500);
    hurt();
  }
  await load.done;
  await untilAllEnded(stack, 120_000);
  await assertEachOnce(stack, load);
  await stopWhole(stack);
});
