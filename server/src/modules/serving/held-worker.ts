import type { WorkerSpec } from '../../kernel/ports/worker-runner.ts';
import type { ServedModel } from '../registry/index.ts';
import type { Deployment } from './deployment.ts';
import { isEvictable } from './deployment.ts';
import type { Resident } from './make-room.ts';
import type { SupervisedWorker } from './supervised-worker.ts';
import { occupiesMemory } from './worker-state.ts';
import type { WorkerReport } from './worker-store.ts';

/** A worker of this host with what was decided for it. */
export interface HeldWorker {
  readonly worker: SupervisedWorker;
  readonly sizing: Sizing;
  readonly threads: number;
  /** As last read; demand and pins change. */
  deployment: Deployment;
  /** Set once it is being unloaded. */
  draining: Promise<void> | null;
  /** What stands in its row. */
  written: WorkerReport | null;
}

/** How much of the machine a worker of a deployment takes. */
export interface Sizing {
  readonly parallelSequences: number;
  readonly contextTokens: number;
  readonly needBytes: number;
}

/** A freshly loaded model is left alone this long, so that the requests that waited for it find it. */
export const settleMs = 3_000;

/** Memory need by the manifest: the weights once, and a part for each sequence that runs at a time. */
export function sizeWorker(model: ServedModel, deployment: Deployment, defaultParallel: number): Sizing {
  const { manifest } = model;
  const parallelSequences =
    deployment.options.parallelSequences ?? (manifest.task === 'embedding' ? 1 : defaultParallel);
  return {
    parallelSequences,
    contextTokens: Math.min(
      deployment.options.contextTokens ?? manifest.contextTokens,
      manifest.contextTokens,
    ),
    needBytes: manifest.memory.weightsBytes + parallelSequences * manifest.memory.perSequenceBytes,
  };
}

/** Workers that hold memory, as the budget sees them; those that are going or have just come stay out of its reach. */
export function residentsOf(held: Iterable<HeldWorker>, now: number): Resident[] {
  return [...held]
    .filter((each) => occupiesMemory(each.worker.report().state))
    .map((each) => ({
      deploymentId: each.deployment.id,
      needBytes: each.sizing.needBytes,
      evictable: isEvictable(each.deployment) && !isMoving(each, now),
      activeRequests: each.worker.health?.activeRequests ?? 0,
      lastUsedAt: each.worker.lastUsedAt,
    }));
}

/** Loading, just loaded, or on its way out: waiting may free its memory, evicting it now may not. */
export function isMoving(held: HeldWorker, now: number): boolean {
  if (held.draining !== null) return true;
  return held.worker.health === null || now - held.worker.readyAt < settleMs;
}

/** What the process is started with. */
export function startSpec(
  held: { readonly sizing: Sizing; readonly threads: number; readonly workerId: string },
  model: ServedModel,
  files: Readonly<Record<string, string>>,
  engine: {
    readonly environment: Readonly<Record<string, string>>;
    readonly queueLimit: number;
    readonly logLevel: string;
    readonly program: string | null;
  },
): WorkerSpec {
  return {
    environment: engine.environment,
    start: {
      workerId: held.workerId,
      modelName: model.name,
      manifest: model.manifest,
      files,
      threads: held.threads,
      parallelSequences: held.sizing.parallelSequences,
      contextTokens: held.sizing.contextTokens,
      queueLimit: engine.queueLimit,
      logLevel: engine.logLevel,
      ...(engine.program === null ? {} : { engineProgram: engine.program }),
    },
  };
}
