import { createHash } from 'node:crypto';
import { defaultScope } from '@samovar/contract/default-scope';
import { steadyClock, systemClock } from '../../../server/src/kernel/clock.ts';
import { asSamovarError } from '../../../server/src/kernel/errors.ts';
import { newId } from '../../../server/src/kernel/ids.ts';
import { createQueueWork, createSubmitRequest } from '../../../server/src/modules/inference-queue/index.ts';
import { createOperationAccess, type Operation } from '../../../server/src/modules/operations/index.ts';
import { loadModelSnapshot } from '../../../server/src/modules/registry/index.ts';
import { createKeyLimiter } from '../../../server/src/modules/usage/index.ts';
import { createNotificationHub } from '../../../server/test/notification-hub.ts';
import { createTestDatabase } from '../../../server/test/postgres.ts';
import { silentLog } from '../../../server/test/silent-log.ts';
import { startTestStack } from '../../../server/test/stack.ts';
import { testPrincipal } from '../../../server/test/test-principal.ts';
import type { Endpoint } from '../engine/stream-answer.ts';

/** The whole platform, and the acceptance of asynchronous requests on its database in this process. */
export interface AsyncStack {
  /** Where interactive completions are asked for. */
  readonly endpoint: Endpoint;
  /** Accepts plain completions, whose bodies are those of the worker. */
  submit(bodies: readonly object[]): Promise<Operation[]>;
  /** How many of the accepted ones have ended. */
  ended(): Promise<number>;
  /** Cancels and forgets everything. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export async function startAsyncStack(settings: Readonly<Record<string, string>>): Promise<AsyncStack> {
  const store = await createTestDatabase();
  const stack = await startTestStack({ ...settings, SAMOVAR_POSTGRES_URL: store.url });
  const { rows } = await store.pool.query<{ id: string }>('select id from api_keys limit 1');
  const keyId = rows[0]?.id ?? '';
  const models = await loadModelSnapshot(store.database);
  const limits = new Map([
    [keyId, { requestsPerMinute: null, tokensPerMinute: null, parallelRequests: null }],
  ]);
  const { submit } = createSubmitRequest({
    database: store.database,
    policy: () => ({ models, limits }),
    limiter: createKeyLimiter(steadyClock),
    clock: systemClock,
    mapError: asSamovarError,
    settings: { operationHours: 72, queueLimit: 1_000_000 },
  });
  const operations = createOperationAccess({
    database: store.database,
    notifications: createNotificationHub(),
    works: { completion: createQueueWork(systemClock) },
    clock: systemClock,
    log: silentLog,
    settings: { operationHours: 72 },
  });
  const principal = testPrincipal(keyId);
  const count = async (condition: string): Promise<number> => {
    const found = await store.pool.query(
      `select count(*)::integer as count from operations where ${condition}`,
    );
    return found.rows[0].count;
  };
  return {
    endpoint: {
      port: Number(new URL(stack.url).port),
      path: '/v1/completions',
      headers: { authorization: `Bearer ${stack.key}` },
    },
    submit: (bodies) =>
      Promise.all(
        bodies.map((body) =>
          submit({
            requestId: newId(),
            principal,
            endpoint: 'completions',
            workerPath: '/v1/completions',
            task: 'chat',
            model: 'chat-default',
            body: { ...body },
            reserveTokens: 1,
            priority: 0,
            deadline: null,
            idempotencyKey: null,
            fingerprint: createHash('sha256').digest(),
            description: 'benchmark',
          }),
        ),
      ),
    ended: () => count("state not in ('created', 'running')"),
    async clear() {
      const open = await operations.list(
        defaultScope,
        { states: ['created', 'running'] },
        { limit: 1000, cursor: null },
      );
      const left = [...open.items];
      const cancelSome = async (): Promise<void> => {
        for (let one = left.pop(); one; one = left.pop())
          await operations.cancel({ principal, requestId: 'clear', id: one.id });
      };
      await Promise.all(Array.from({ length: 8 }, cancelSome));
      while ((await count("state in ('created', 'running')")) > 0)
        await new Promise((resolve) => setTimeout(resolve, 100));
      await store.pool.query('delete from operations');
    },
    async stop() {
      operations.stop();
      await stack.stop();
      await store.end();
    },
  };
}
