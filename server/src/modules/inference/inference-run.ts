import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { ServedModel } from '../registry/index.ts';
import type { Replica } from '../serving/index.ts';
import type { Admission } from '../usage/index.ts';
import type { AnswerReader, AnswerTarget } from './answer-reader.ts';
import { cancelOnWorker } from './cancel-on-worker.ts';
import { createAnswerReader } from './create-answer-reader.ts';
import type { InferenceDependencies } from './inference-dependencies.ts';
import type { InferenceHandle, InferenceRequest, InferenceSink, TokenCounts } from './inference-request.ts';
import type { LoadWaiters } from './load-waiters.ts';
import { estimateCounts } from './read-usage.ts';
import type { ReplicaPicker } from './replica-picker.ts';
import { resolveModel } from './resolve-model.ts';
import { WorkerCall, type WorkerCallEvents } from './worker-call.ts';

/** How long a cancelled request waits for the worker's final counts. */
const finalCountsMs = 1000;
const clientLeft = 499;
const noTokens: TokenCounts = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  estimated: false,
};

export interface RunParts {
  readonly deps: InferenceDependencies;
  readonly picker: ReplicaPicker;
  readonly waiters: LoadWaiters;
  /** Called once when the request is over, whatever its outcome. */
  ended(run: InferenceRun): void;
}

/**
 * One request from admission to metering. It moves from worker to worker only while nothing of an answer has been
 * read; from the first byte on there is one worker and one answer.
 */
export class InferenceRun implements InferenceHandle, AnswerTarget, WorkerCallEvents {
  readonly #parts: RunParts;
  readonly #request: InferenceRequest;
  readonly #sink: InferenceSink;
  readonly #startedAt: number;
  readonly #startedMs = performance.now();
  #model: ServedModel | null = null;
  #admission: Admission | null = null;
  #replica: Replica | null = null;
  #call: WorkerCall | null = null;
  #reader: AnswerReader | null = null;
  #tried: Set<string> | null = null;
  #lastError: SamovarError | null = null;
  #stopWaiting: (() => void) | null = null;
  /** When it first had to wait for a worker: all its waits together have one limit. */
  #waitingSince: number | null = null;
  /** A worker took it and broke off before the answer began. */
  #wasLost = false;
  #cancelTimer: NodeJS.Timeout | null = null;
  #bodyBytes = 0;
  #firstByteMs: number | null = null;
  #begun = false;
  #cancelled = false;
  #over = false;

  constructor(parts: RunParts, request: InferenceRequest, sink: InferenceSink) {
    this.#parts = parts;
    this.#request = request;
    this.#sink = sink;
    this.#startedAt = parts.deps.clock.now();
  }

  /** Resolves, admits and sends, or reports why not. */
  start(): void {
    const { deps } = this.#parts;
    const { principal, reserveTokens } = this.#request;
    try {
      const policy = deps.policy();
      this.#model = resolveModel(policy.models, this.#request);
      const limits = policy.limits.get(principal.keyId);
      // A key that is gone from the snapshot since it was looked up has just been revoked.
      if (!limits) throw new SamovarError('access.key_invalid');
      this.#admission = deps.limiter.admit({ keyId: principal.keyId, limits }, reserveTokens);
      if (!this.#send()) this.#waitOrFail();
    } catch (thrown) {
      this.#fail(asSamovarError(thrown));
    }
  }

  cancel(): void {
    if (this.#over || this.#cancelled) return;
    this.#cancelled = true;
    this.#stopWaiting?.();
    if (this.#call === null || this.#replica === null) {
      this.#finish(clientLeft, null, noTokens);
      return;
    }
    this.#call.resume();
    this.#cancelOn(this.#replica);
    this.#cancelTimer = setTimeout(() => this.#finishCancelled(), finalCountsMs);
  }

  resume(): void {
    this.#call?.resume();
  }

  /** Ends the request with an error now, and tells the worker. */
  endWith(error: SamovarError): void {
    if (this.#over) return;
    this.#stopWaiting?.();
    if (this.#call !== null && this.#replica !== null) this.#cancelOn(this.#replica);
    this.#call?.abort();
    this.#fail(error);
  }

  // What the worker reports.

  data(chunk: Buffer): boolean {
    this.#firstByteMs ??= performance.now() - this.#startedMs;
    return this.#reader === null || this.#reader.chunk(chunk) || this.#cancelled;
  }

  ended(): void {
    const reader = this.#reader;
    reader?.end();
    if (this.#over) return;
    if (this.#cancelled) this.#finishCancelled();
    else if (reader?.complete) this.#succeed(reader);
    else this.#fail(reader?.failure ?? new SamovarError('engine.worker_lost'));
  }

  refused(status: number, error: SamovarError): void {
    if (this.#cancelled) {
      this.#finishCancelled();
      return;
    }
    this.#lastError = error;
    if (status === 503 && this.#replica !== null) this.#parts.picker.markLost(this.#replica);
    if (status === 429 || status >= 500) this.#tryAnother(status === 503);
    else this.#fail(error);
  }

  unreachable(cause: Error): void {
    this.#logLost(cause);
    if (this.#cancelled) this.#finishCancelled();
    else this.#tryAnother(true);
  }

  lost(cause: Error): void {
    this.#logLost(cause);
    if (this.#cancelled) {
      this.#finishCancelled();
      return;
    }
    this.#lastError = new SamovarError('engine.worker_lost', { cause });
    // Once is bad luck: another worker has it, or the same one when it is back. A request that ends two workers is not
    // tried on a third.
    const again = this.#firstByteMs === null && !this.#wasLost;
    this.#wasLost = true;
    if (again) this.#tryAnother(true);
    else this.#fail(this.#lastError);
  }

  // What the reader hands on.

  bytes(chunk: Buffer): boolean {
    if (this.#cancelled || this.#over) return true;
    this.#begin();
    return this.#sink.bytes(chunk);
  }

  object(value: Readonly<Record<string, unknown>>): boolean {
    if (this.#cancelled || this.#over) return true;
    this.#begin();
    try {
      return this.#sink.object(value);
    } catch (thrown) {
      // A foreign engine may send what no answer is: that ends this request, there and here, not the server.
      this.endWith(
        thrown instanceof SamovarError ? thrown : new SamovarError('engine.failed', { cause: thrown }),
      );
      return true;
    }
  }

  #begin(): void {
    if (this.#begun || this.#model === null) return;
    this.#begun = true;
    this.#sink.start({ model: this.#model, rateLimitHeaders: this.#admission?.headers ?? {} });
  }

  /** Sends to the next replica; false when there is none. */
  #send(): boolean {
    const { deps, picker } = this.#parts;
    const model = this.#model;
    if (model === null) return false;
    const replicas = deps.policy().replicas.get(model.versionId);
    const replica = replicas ? picker.pick(replicas, this.#request.body, this.#tried) : null;
    if (replica === null) return false;
    this.#stopWaiting = null;
    this.#replica = replica;
    picker.begin(replica);
    const request = this.#request;
    const body = JSON.stringify(workerBody(request, model, replica));
    this.#bodyBytes = body.length;
    this.#reader = createAnswerReader(this, {
      request,
      replica,
      form: this.#sink.form,
      modelName: model.name,
    });
    this.#call = new WorkerCall(
      deps.transport,
      {
        address: replica.address,
        path: request.workerPath,
        requestId: request.requestId,
        priority: request.priority,
        body,
        workerToken: this.#tokenFor(replica),
      },
      this,
    );
    return true;
  }

  #tokenFor(replica: Replica): string | null {
    return replica.address.startsWith('unix:') ? null : this.#parts.deps.workerToken;
  }

  #cancelOn(replica: Replica): void {
    const { transport, log } = this.#parts.deps;
    const { requestId } = this.#request;
    const cancellation = { address: replica.address, requestId, workerToken: this.#tokenFor(replica) };
    cancelOnWorker(transport, cancellation, log);
  }

  #tryAnother(mayWait: boolean): void {
    const failed = this.#leaveReplica();
    if (failed !== null) {
      this.#tried ??= new Set();
      this.#tried.add(failed.workerId);
    }
    try {
      if (this.#send()) return;
    } catch (thrown) {
      this.#fail(asSamovarError(thrown));
      return;
    }
    if (mayWait) this.#waitOrFail();
    else this.#fail(this.#lastError ?? new SamovarError('engine.failed'));
  }

  #leaveReplica(): Replica | null {
    const replica = this.#replica;
    if (replica !== null) this.#parts.picker.end(replica);
    this.#replica = null;
    this.#call = null;
    return replica;
  }

  /** Waits for a worker of the model, which is loaded if need be. */
  #waitOrFail(): void {
    if (this.#model === null) return;
    this.#tried = null;
    this.#waitingSince ??= this.#parts.deps.clock.now();
    this.#stopWaiting = this.#parts.waiters.add(this.#model, {
      since: this.#waitingSince,
      retry: () => {
        try {
          return this.#send();
        } catch (thrown) {
          this.#fail(asSamovarError(thrown));
          return true;
        }
      },
      fail: (error) => this.#fail(error),
    });
  }

  #logLost(cause: Error): void {
    const replica = this.#replica;
    if (replica === null) return;
    this.#parts.picker.markLost(replica);
    this.#parts.deps.log.warn(
      { error: cause, requestId: this.#request.requestId, workerId: replica.workerId },
      'A model worker could not be reached or broke off',
    );
  }

  #succeed(reader: AnswerReader): void {
    const counts = reader.counts ?? this.#estimate();
    this.#begin();
    this.#finish(200, null, counts);
    this.#sink.end(counts);
  }

  #finishCancelled(): void {
    this.#call?.abort();
    const counts = this.#reader?.counts ?? this.#estimate();
    this.#finish(clientLeft, null, counts);
  }

  #fail(error: SamovarError): void {
    if (this.#over) return;
    const sent = this.#begun ? 200 : error.entry.httpStatus;
    const counts = this.#reader?.counts ?? (this.#begun ? this.#estimate() : noTokens);
    if (error.code === 'system.internal' || error.code === 'engine.failed')
      this.#parts.deps.log.error(
        { error: error.cause, requestId: this.#request.requestId, code: error.code },
        'An inference request failed',
      );
    this.#finish(sent, error.code, counts);
    if (!this.#cancelled) this.#sink.error(error);
  }

  #estimate(): TokenCounts {
    return estimateCounts(this.#bodyBytes, this.#reader?.events ?? 0);
  }

  /** Gives everything back and meters, once. */
  #finish(status: number, errorCode: string | null, counts: TokenCounts): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#cancelTimer !== null) clearTimeout(this.#cancelTimer);
    const { deps } = this.#parts;
    this.#leaveReplica();
    this.#admission?.release(counts.inputTokens + counts.outputTokens);
    const durationMs = performance.now() - this.#startedMs;
    const { requestId, principal, endpoint, model: requestedModel } = this.#request;
    deps.meter.record({
      id: newId(),
      requestId,
      organizationId: principal.organizationId,
      projectId: principal.projectId,
      keyId: principal.keyId,
      requestedModel,
      modelName: this.#model?.name ?? null,
      versionId: this.#model?.versionId ?? null,
      endpoint,
      ...counts,
      timeToFirstTokenMs: this.#firstByteMs,
      durationMs,
      status,
      errorCode,
      startedAt: this.#startedAt,
    });
    deps.metrics.observe({
      endpoint,
      model: this.#model?.name ?? 'unknown',
      errorCode: errorCode ?? (status === clientLeft ? 'client_left' : null),
      durationSeconds: durationMs / 1000,
      timeToFirstTokenSeconds: this.#firstByteMs === null ? null : this.#firstByteMs / 1000,
      inputTokens: counts.inputTokens,
      outputTokens: counts.outputTokens,
    });
    this.#parts.ended(this);
  }
}

/** The body for the worker. An engine that does not know our extra is asked for counts the published way. */
function workerBody(request: InferenceRequest, model: ServedModel, replica: Replica): object {
  const body = { ...request.body, model: model.name };
  if (!request.stream) return body;
  if (replica.lane === 'normalise') return { ...body, stream_options: { include_usage: true } };
  return { ...body, samovar: { usage: true } };
}
