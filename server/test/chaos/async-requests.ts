import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../supervised-run.ts';
import type { ChaosStack } from './chaos-stack.ts';

/** Asynchronous requests that are sent until each is accepted, whatever is killed meanwhile. */
export interface AsyncLoad {
  /** Operations by the number of their request. */
  readonly accepted: ReadonlyMap<number, string>;
  /** Resolves when all are accepted. */
  readonly done: Promise<void>;
  /** Sends nothing more. */
  stop(): void;
}

const clients = 4;

/** Every request has its own idempotency key: a repetition after a broken connection makes no second operation. */
export function startAsyncLoad(stack: ChaosStack, count: number, pauseMs: number): AsyncLoad {
  const accepted = new Map<number, string>();
  let next = 0;
  let stopped = false;
  const client = async (): Promise<void> => {
    while (!stopped && next < count) {
      const number = next;
      next += 1;
      while (!stopped && !accepted.has(number)) {
        const id = await submit(stack, number);
        if (id !== null) accepted.set(number, id);
        await pause(id === null ? 200 : pauseMs);
      }
    }
  };
  return {
    accepted,
    done: Promise.all(Array.from({ length: clients }, client)).then(() => undefined),
    stop() {
      stopped = true;
    },
  };
}

/** The operation's id, `null` when nobody accepted it. */
async function submit(stack: ChaosStack, number: number): Promise<string | null> {
  try {
    const answer = await fetch(`${stack.url}/foundationModels/v1/completionAsync`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stack.key}`,
        'content-type': 'application/json',
        'idempotency-key': `request ${number}`,
      },
      body: JSON.stringify({
        modelUri: 'gpt://0/chat-default',
        completionOptions: { temperature: 0, maxTokens: '6' },
        messages: [{ role: 'user', text: `Say the number ${number}.` }],
      }),
    });
    const body: unknown = await answer.json();
    if (answer.ok && typeof body === 'object' && body !== null && 'id' in body) return String(body.id);
    assert.ok(answer.status >= 500 || answer.status === 429, `${answer.status} ${JSON.stringify(body)}`);
    return null;
  } catch (error) {
    // The connection broke, or nobody listens: both are what a kill does.
    if (error instanceof assert.AssertionError) throw error;
    return null;
  }
}

interface OperationRow {
  readonly id: string;
  readonly state: string;
  readonly failure: unknown;
  readonly input: number | null;
  readonly output: number | null;
}

/** Waits until every operation has ended. */
export async function untilAllEnded(stack: ChaosStack, limitMs: number): Promise<void> {
  let open = -1;
  try {
    await until(
      'every operation has ended',
      async () => {
        const [row] = await stack
          .query<{ open: number }>(
            "select count(*)::int as open from samovar.operations where state in ('created', 'running')",
          )
          .catch(() => [{ open: -1 }]);
        open = row?.open ?? -1;
        return open === 0;
      },
      limitMs,
    );
  } catch (error) {
    throw new Error(`${open} operations have not ended`, { cause: error });
  }
}

/** Every accepted request is one operation that is done, and one usage record with the counts of its answer. */
export async function assertEachOnce(stack: ChaosStack, load: AsyncLoad): Promise<void> {
  const operations = await stack.query<OperationRow>(
    `select id, state, failure, (response -> 'counts' ->> 'inputTokens')::int as input,
       (response -> 'counts' ->> 'outputTokens')::int as output
     from samovar.operations order by id`,
  );
  assert.equal(operations.length, load.accepted.size, 'one operation for each request');
  assert.deepEqual(
    operations.map(({ id }) => id.replaceAll('-', '')).sort(),
    [...load.accepted.values()].map((id) => id.replace(/^op_/, '').replaceAll('-', '')).sort(),
  );
  assert.deepEqual(
    operations.filter(({ state }) => state !== 'done'),
    [],
  );
  const records = await stack.query<{ id: string; input: number; output: number; status: number }>(
    `select id, input_tokens::int as input, output_tokens::int as output, status
     from samovar.usage_records where endpoint = 'foundation-models.completion-async' order by id`,
  );
  const ids = new Set(operations.map(({ id }) => id));
  // What nobody accepted was refused, and cost nothing.
  for (const { id, input, output, status } of records)
    if (!ids.has(id)) assert.deepEqual([input, output, status >= 400], [0, 0, true]);
  assert.deepEqual(
    records.filter(({ id }) => ids.has(id)),
    operations.map(({ id, input, output }) => ({ id, input, output, status: 200 })),
  );
  const left = await stack.query(
    'select id from samovar.inference_queue union all select id from samovar.inference_requests',
  );
  assert.deepEqual(left, []);
}
