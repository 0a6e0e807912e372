import { after } from 'node:test';
import { type GatewayOptions, startTestGateway, type TestGateway, versionId } from './gateway.ts';
import { type ScriptedWorker, startScriptedWorker } from './scripted-worker.ts';

/** How a scripted worker answers. */
export type Answer = Parameters<typeof startScriptedWorker>[0];

/** Takes what is to be stopped when the tests of the file have ended, in the order in which it was given. */
export type StopLater = (...stops: (() => Promise<void>)[]) => void;

/** To be called once, at the top of a file of tests. */
export function stopAfterTests(): StopLater {
  const stops: (() => Promise<void>)[] = [];
  after(async () => {
    for (const stop of stops) await stop();
  });
  return (...more) => stops.push(...more);
}

export interface ScriptedGateway {
  readonly gateway: TestGateway;
  readonly worker: ScriptedWorker;
}

/** A gateway over one worker that answers like this. */
export async function startScriptedGateway(
  stopLater: StopLater,
  answer: Answer,
  options: GatewayOptions = {},
  lane: 'pass-through' | 'normalise' = 'pass-through',
): Promise<ScriptedGateway> {
  const worker = await startScriptedWorker(answer);
  const gateway = await startTestGateway({ replicas: [worker.replica(versionId, lane)], ...options });
  stopLater(
    () => gateway.stop(),
    () => worker.die(),
  );
  return { gateway, worker };
}
