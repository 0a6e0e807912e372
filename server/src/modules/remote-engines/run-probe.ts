import { applyProbe } from './apply-probe.ts';
import { type ClaimedProbe, extendProbe } from './claim-probe.ts';
import { selectModelsOf } from './model-rows.ts';
import { probeEngine } from './probe/probe-engine.ts';
import type { RemoteEngineDependencies } from './remote-dependencies.ts';

const extendMs = 15_000;

export interface ProbeOptions {
  /** Every model is checked again, known or not. */
  readonly anew: boolean;
  /** This process stops: a probe that it cut short has found nothing. */
  abandoned?(): boolean;
}

/** Makes a probe that was claimed and writes what it finds. Rejects only when the database does not answer. */
export async function runProbe(
  deps: RemoteEngineDependencies,
  claimed: ClaimedProbe,
  options: ProbeOptions,
): Promise<void> {
  const { engine, token } = claimed;
  const extending = setInterval(() => {
    extendProbe(deps.database, claimed).catch((error: unknown) =>
      deps.log.warn({ error, engine: engine.name }, 'The lease of a probe could not be extended'),
    );
  }, extendMs);
  try {
    const known = await selectModelsOf(deps.database, engine, [engine.id]);
    const outcome = await probeEngine(deps, engine, known, options.anew);
    if (options.abandoned?.()) return;
    await deps.database
      .transaction()
      .execute((transaction) => applyProbe(transaction, deps.configVersion, engine, token, outcome));
  } finally {
    clearInterval(extending);
  }
}
