import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartInference } from '../../../server/src/modules/inference/index.ts';
import { classifierOver, type TestClassifier } from '../../../server/test/classification.ts';
import { startEmbeddingWorker } from '../../../server/test/embedding-worker.ts';
import {
  embeddingVersionId,
  startTestGateway,
  type TestGateway,
  versionId,
} from '../../../server/test/gateway.ts';
import type { TestModelName } from '../../../server/test/models.ts';
import { startModelWorker } from '../engine/model-worker.ts';

export interface BenchClassifier extends TestClassifier {
  readonly gateway: TestGateway;
  /** The worker's last answer, as the method got it. */
  readonly lastAnswer: Readonly<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Classification with a generating model, named `m`, in a worker process with one thread. */
export async function startChatClassifier(name: TestModelName): Promise<BenchClassifier> {
  const size = { threads: 1, parallelSequences: 2, contextTokens: 2048 };
  const worker = await startModelWorker(size, name);
  return await startClassifier(worker.endpoint.socketPath ?? '', versionId, () => worker.stop());
}

/** Classification with all-MiniLM, named `e`, on one thread. */
export async function startEmbeddingClassifier(): Promise<BenchClassifier> {
  const socketPath = join(tmpdir(), `samovar-bench-${randomBytes(6).toString('hex')}.sock`);
  const worker = await startEmbeddingWorker(socketPath);
  return await startClassifier(socketPath, embeddingVersionId, () => worker.stop(0));
}

async function startClassifier(
  socketPath: string,
  version: string,
  stopWorker: () => Promise<void>,
): Promise<BenchClassifier> {
  const replica = {
    workerId: 'bench',
    versionId: version,
    address: `unix:${socketPath}`,
    lane: 'pass-through',
    slots: 2,
  } as const;
  const gateway = await startTestGateway({ replicas: [replica] });
  let lastAnswer: BenchClassifier['lastAnswer'] = {};
  const start: StartInference = (request, sink) =>
    gateway.inference.start(request, {
      ...sink,
      object(value) {
        lastAnswer = value;
        return sink.object(value);
      },
    });
  return {
    ...classifierOver(gateway, start),
    gateway,
    get lastAnswer() {
      return lastAnswer;
    },
    async stop() {
      await gateway.stop();
      await stopWorker();
    },
  };
}
