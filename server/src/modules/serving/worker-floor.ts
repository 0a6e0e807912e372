import { newId } from '../../kernel/ids.ts';
import type { StoredFile } from '../../kernel/ports/worker-runner.ts';
import type { ServedModel } from '../registry/index.ts';
import { claimWorker } from './claim-worker.ts';
import type { Deployment } from './deployment.ts';
import type { EngineHostDependencies } from './engine-host-dependencies.ts';
import type { HostLease } from './engine-host-store.ts';
import { grantThreads } from './grant-threads.ts';
import { type HeldWorker, type Sizing, startSpec } from './held-worker.ts';
import { createSupervisedWorker } from './supervised-worker.ts';
import { occupiesMemory } from './worker-state.ts';
import { writeReport } from './write-report.ts';

/** The workers that this host runs now. */
export interface WorkerFloor {
  readonly held: ReadonlyMap<string, HeldWorker>;
  /** Claims the deployment and starts its worker; false when another host has it. */
  begin(lease: HostLease, deployment: Deployment, model: ServedModel, sizing: Sizing): Promise<boolean>;
  /** Begins to unload; it leaves the floor when its process has ended and its row says so. */
  unload(deploymentId: string, graceMs: number): void;
  /** Writes down what changed. */
  writeReports(lease: HostLease): Promise<void>;
  /** Ends everything, without writing: at a lost lease the rows are somebody else's. */
  endAll(graceMs: number): Promise<void>;
}

export function createWorkerFloor(host: EngineHostDependencies, wake: () => void): WorkerFloor {
  const held = new Map<string, HeldWorker>();
  /** Files of each deployment, read once: a restart does not need the database. */
  const filesOf = new Map<string, readonly StoredFile[]>();
  const filesInUse = () => [...held.keys()].flatMap((deploymentId) => filesOf.get(deploymentId) ?? []);

  const begin: WorkerFloor['begin'] = async (lease, deployment, model, sizing) => {
    const driver = host.drivers.get(model.manifest.engine);
    if (driver === undefined) return false;
    const granted = [...held.values()]
      .filter((each) => occupiesMemory(each.worker.report().state))
      .map((each) => each.threads);
    const threads = grantThreads(host.facts.threads, granted, driver.threadShare, deployment.options.threads);
    const workerId = newId();
    const claim = {
      workerId,
      deployment,
      hostId: lease.hostId,
      lane: driver.lane,
      memoryBytes: sizing.needBytes,
      threads,
    };
    if (!(await claimWorker(host, lease, claim))) return false;
    const engine = {
      environment: driver.environment,
      queueLimit: driver.queueLimit(sizing.parallelSequences),
      logLevel: host.policy.logLevel,
    };
    const worker = createSupervisedWorker({
      workerId,
      clock: host.clock,
      log: host.log.child({ model: model.name }),
      changed: (urgent) => urgent && wake(),
      async start(signal) {
        const stored = filesOf.get(deployment.id) ?? (await host.models.filesOf(model));
        filesOf.set(deployment.id, stored);
        const files = await host.placer.place(stored, filesInUse(), signal);
        signal.throwIfAborted();
        const program = (await driver.program?.()) ?? null;
        return await host.runner.start(
          startSpec({ sizing, threads, workerId }, model, files, { ...engine, program }),
        );
      },
    });
    held.set(deployment.id, { worker, sizing, threads, deployment, draining: null, written: null });
    return true;
  };

  const writeReports: WorkerFloor['writeReports'] = async (lease) => {
    for (const [deploymentId, each] of held) {
      const report = each.worker.report();
      if (JSON.stringify(report) !== JSON.stringify(each.written)) {
        if (await writeReport(host, lease, report)) each.written = report;
        else if (each.draining === null) {
          host.log.warn({ workerId: report.workerId }, 'a worker is no longer ours and is ended');
          each.draining = each.worker.drain(0).finally(wake);
        }
      }
      if (report.state === 'unloaded') leave(deploymentId);
    }
  };

  function leave(deploymentId: string): void {
    held.delete(deploymentId);
    filesOf.delete(deploymentId);
  }

  return {
    held,
    begin,
    writeReports,
    unload(deploymentId, graceMs) {
      const each = held.get(deploymentId);
      if (each !== undefined && each.draining === null)
        each.draining = each.worker.drain(graceMs).finally(wake);
    },
    async endAll(graceMs) {
      await Promise.all([...held.values()].map((each) => each.worker.drain(graceMs)));
      held.clear();
      filesOf.clear();
    },
  };
}
