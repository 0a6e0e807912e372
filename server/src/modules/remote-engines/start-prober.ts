import type { Running } from '../../kernel/ports/running.ts';
import { createWakeUp } from '../../kernel/wake-up.ts';
import { type ClaimedProbe, claimProbes } from './claim-probe.ts';
import type { RemoteEngineDependencies } from './remote-dependencies.ts';
import { runProbe } from './run-probe.ts';

const lookMs = 1000;
const probesAtOnce = 8;

/** Probes connected engines whenever they are due; several processes share them. */
export function startProber(deps: RemoteEngineDependencies): Running {
  const running = new Set<Promise<void>>();
  const pause = createWakeUp();
  let stopping = false;

  async function probe(claimed: ClaimedProbe): Promise<void> {
    try {
      await runProbe(deps, claimed, { anew: false, abandoned: () => stopping });
    } catch (error) {
      deps.log.warn({ error, engine: claimed.engine.name }, 'What a probe found could not be written');
    }
  }

  async function loop(): Promise<void> {
    while (!stopping) {
      try {
        for (const claimed of await claimProbes(deps.database, probesAtOnce - running.size)) {
          const one = probe(claimed).finally(() => running.delete(one));
          running.add(one);
        }
      } catch (error) {
        deps.log.warn({ error }, 'Connected engines cannot be looked at: the database does not answer');
      }
      if (running.size >= probesAtOnce) await Promise.race(running);
      else await pause.wait(lookMs);
    }
  }

  const looping = loop();
  return {
    async stop() {
      stopping = true;
      pause.wake();
      await looping;
      await deps.transport.close();
      await Promise.all(running);
    },
  };
}
