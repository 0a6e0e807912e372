import { setTimeout as sleep } from 'node:timers/promises';
import { SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { Principal } from '../../kernel/principal.ts';
import type { StartInference, TokenCounts, WorkerPath } from '../inference/index.ts';
import type { ServedModel } from '../registry/index.ts';

type Json = Readonly<Record<string, unknown>>;

/** One request to a model that is checked. */
export interface Question {
  readonly path: WorkerPath;
  /** As the published API has it, without `model` and `stream`. */
  readonly body: Json;
  readonly stream?: boolean;
  /** Given up after so long: `AnswerTooSlow`. */
  readonly limitMs?: number;
}

export interface Answer {
  /** The events of a stream, or the one answer. */
  readonly objects: readonly Json[];
  readonly counts: TokenCounts;
  /** From the request to the first event with text, and to the last with text; both `null` without any. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly totalMs: number;
}

/** A model as a check asks it: the very version, whatever its name means by now. */
export interface AskedModel {
  readonly model: ServedModel;
  /** Throws what the data path refuses, and `AnswerTooSlow`. */
  ask(question: Question): Promise<Answer>;
  /** Tokens of all answers so far. */
  readonly used: { readonly inputTokens: number; readonly outputTokens: number };
}

const usualLimitMs = 120_000;
/** A model may be loaded first, which the data path bounds by itself. */
const loadMs = 600_000;

/** The id under which checks call: no key has it. */
export const nobody = '00000000-0000-0000-0000-000000000000';

/** `signal` ends what runs: the process drains. `admit` is awaited before every request, and may throw. */
export function createAskedModel(
  start: StartInference,
  model: ServedModel,
  signal: AbortSignal,
  admit: () => Promise<void>,
): AskedModel {
  const principal: Principal = {
    kind: 'api-key',
    keyId: nobody,
    organizationId: model.organizationId,
    projectId: model.projectId,
    permissions: new Set(),
  };
  const used = { inputTokens: 0, outputTokens: 0 };
  let isWarm = false;

  async function ask({ path, body, stream = false, limitMs = usualLimitMs }: Question): Promise<Answer> {
    signal.throwIfAborted();
    const outcome = Promise.withResolvers<Answer>();
    const beganAt = performance.now();
    const since = () => performance.now() - beganAt;
    const objects: Json[] = [];
    let firstMs: number | null = null;
    let lastMs: number | null = null;
    const handle = start(
      {
        requestId: newId(),
        principal,
        endpoint: path === '/v1/embeddings' ? 'embeddings' : 'chat.completions',
        workerPath: path,
        task: model.task,
        model: model.name,
        versionId: model.versionId,
        body: stream ? { ...body, stream } : body,
        stream,
        clientWantsUsage: true,
        reserveTokens: 0,
        priority: 'background',
      },
      {
        form: 'objects',
        start() {},
        bytes: () => true,
        object(value) {
          objects.push(value);
          if (hasText(value)) {
            firstMs ??= since();
            lastMs = since();
          }
          return true;
        },
        end(counts) {
          used.inputTokens += counts.inputTokens;
          used.outputTokens += counts.outputTokens;
          outcome.resolve({ objects, counts, firstMs, lastMs, totalMs: since() });
        },
        error: (error) => outcome.reject(error),
      },
    );
    const giveUp = (error: unknown): void => {
      handle.cancel();
      outcome.reject(error);
    };
    const limit = isWarm ? limitMs : limitMs + loadMs;
    const timer = setTimeout(() => giveUp(new AnswerTooSlow(limit)), limit);
    const leave = (): void => giveUp(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      const answer = await outcome.promise;
      isWarm = true;
      return answer;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    }
  }

  /** Other requests go first, and a queue may be full: that says nothing about the model. */
  async function askAgain(question: Question): Promise<Answer> {
    for (let tries = 1; ; tries += 1)
      try {
        await admit();
        return await ask(question);
      } catch (error) {
        if (!(error instanceof SamovarError) || !passing.has(error.code) || tries >= mostTries) throw error;
        await sleep(tries * 500, undefined, { signal });
      }
  }

  return { model, used, ask: askAgain };
}

const mostTries = 5;
const passing: ReadonlySet<string> = new Set(['engine.busy', 'engine.worker_lost', 'model.version_gone']);

/** There was no whole answer in time. */
export class AnswerTooSlow extends Error {
  constructor(limitMs: number) {
    super(`there was no whole answer within ${Math.round(limitMs / 1000)} s`);
  }
}

/** Whether an event carries a part of an answer. */
function hasText(value: Json): boolean {
  const [choice] = Array.isArray(value.choices) ? value.choices : [];
  const delta = Object(choice).delta ?? Object(choice).message;
  const { content, tool_calls: calls, reasoning_content: reasoning } = Object(delta);
  return [content, reasoning].some((text) => typeof text === 'string' && text !== '') || Array.isArray(calls);
}
