import { steadyClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { ServedModel } from '../registry/index.ts';
import type { DispatcherDependencies } from './dispatcher-dependencies.ts';
import { failWaiting } from './fail-waiting.ts';
import type { WaitingPair } from './lease-store.ts';

/** A demand may be taken back while requests wait (an operator unloads the model): it is made again this often. */
const askAgainMs = 5_000;

interface ColdModel {
  askedAt: number | null;
  failingSince: number | null;
}

/** Models that are waited for and have no worker. */
export interface ColdModels {
  /**
   * Asks for a worker. When none can be started for a load timeout, or none ever as things are, what waits for it fails
   * with the reason.
   */
  wake(model: ServedModel, pairs: readonly WaitingPair[]): Promise<void>;
  /** It has a worker now. */
  forget(versionId: string): void;
}

export function createColdModels(deps: DispatcherDependencies): ColdModels {
  const cold = new Map<string, ColdModel>();
  return {
    async wake(model, pairs) {
      const now = steadyClock.now();
      const known = cold.get(model.versionId) ?? { askedAt: null, failingSince: null };
      cold.set(model.versionId, known);
      if (known.askedAt !== null && now - known.askedAt < askAgainMs) return;
      known.askedAt = now;
      const { failure, isLasting = false } = await deps.loadState(model);
      if (failure === null) known.failingSince = null;
      else known.failingSince ??= now;
      const mayPass =
        !isLasting && now - (known.failingSince ?? now) < deps.settings.loadTimeoutSeconds * 1000;
      if (failure === null || mayPass) {
        await deps.requestLoad(model);
        return;
      }
      deps.log.warn(
        { model: model.name, failure },
        'asynchronous requests fail: their model cannot be loaded',
      );
      const params = { model: model.name, reason: failure };
      const error = new SamovarError('engine.load_failed', { params });
      // More of them than are failed at once: the next look asks again.
      if (!(await failWaiting(deps, pairs, { error, waitedMs: 0 }))) known.askedAt = null;
    },
    forget(versionId) {
      cold.delete(versionId);
    },
  };
}
