import type { EngineGates, EngineLoad, GateState } from './engine-gates.ts';
import type { InferencePolicy } from './inference-dependencies.ts';
import { isRemote } from './remote-replica.ts';

/** How foreign engines do, as this process alone sees them. */
export interface EngineConditions {
  readonly engines: readonly (EngineLoad & { readonly engineId: string; readonly engine: string })[];
  readonly models: readonly {
    readonly engineId: string;
    readonly engine: string;
    readonly model: string;
    readonly state: GateState;
  }[];
}

/** Of every connected engine that may get requests, and of each model that it serves. */
export function engineConditions(
  { models, replicas }: InferencePolicy,
  gates: Pick<EngineGates, 'state' | 'loadOf'>,
): EngineConditions {
  // One replica serves all versions of its model.
  const remotes = new Map(
    [...replicas.values()]
      .flat()
      .flatMap((replica) => (isRemote(replica) ? [[replica.workerId, replica]] : [])),
  );
  const engines = new Map([...remotes.values()].map(({ remote }) => [remote.engineId, remote.engineName]));
  return {
    engines: [...engines].map(([engineId, engine]) => ({ engineId, engine, ...gates.loadOf(engineId) })),
    models: [...remotes.values()].map((replica) => ({
      engineId: replica.remote.engineId,
      engine: replica.remote.engineName,
      model: models.versions.get(replica.versionId)?.name ?? replica.remote.upstreamModel,
      state: gates.state(replica),
    })),
  };
}
