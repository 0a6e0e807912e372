import { after, before } from 'node:test';
import { catalogueManifest, type TestModelName, testModel } from '../models.ts';
import { describeConformance } from './describe-conformance.ts';
import { type StartedWorker, startModelWorker } from './start-model-worker.ts';

const slots = 2;
const queueLimit = 16;

/** Runs the suite on a model of the catalogue in a worker process of its own. */
export async function conformanceOf(
  name: TestModelName,
  options: { readonly contextTokens: number; readonly schemaCount: number },
): Promise<void> {
  let started: StartedWorker | null = null;
  before(async () => {
    const model = await testModel(name);
    started = await startModelWorker(model, {
      parallelSequences: slots,
      queueLimit,
      contextTokens: options.contextTokens,
    });
  });
  after(() => started?.stop());
  const { capabilities } = await catalogueManifest(name);
  describeConformance(`the worker of ${name}`, {
    client: () => {
      if (started === null) throw new Error('the worker does not run');
      return started.client;
    },
    model: name,
    capabilities,
    slots,
    ...options,
  });
}
