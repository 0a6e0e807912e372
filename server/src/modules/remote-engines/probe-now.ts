import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { notFound } from './change-engine.ts';
import { claimProbes } from './claim-probe.ts';
import { findEngine } from './engine-store.ts';
import type { RemoteEngineDependencies } from './remote-dependencies.ts';
import { runProbe } from './run-probe.ts';

/** How long a probe that another process makes is waited for. */
const waitMs = 120_000;
const lookMs = 200;

/**
 * Probes an engine now, every model anew, and returns when what it found is written. Waits for a probe that another
 * process has begun. One that is disabled is left alone. Throws `remote.not_found`.
 */
export async function probeNow(
  deps: RemoteEngineDependencies,
  context: AuditContext,
  name: string,
): Promise<void> {
  const until = performance.now() + waitMs;
  do {
    const engine = await findEngine(deps.database, context.scope, name);
    if (engine === null) throw notFound(name);
    const [claimed] = engine.enabled ? await claimProbes(deps.database, 1, engine.id) : [];
    if (claimed) {
      await deps.database.transaction().execute((transaction) =>
        recordAudit(transaction, {
          ...context,
          action: 'engine.probe',
          target: { kind: 'remote-engine', id: engine.id },
          detail: { name },
        }),
      );
      await runProbe(deps, claimed, { anew: true });
      return;
    }
    if (!engine.enabled) return;
    await sleep(lookMs);
  } while (performance.now() < until);
}
