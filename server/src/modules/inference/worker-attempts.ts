import type { ServedModel } from '../registry/index.ts';
import type { Replica } from '../serving/index.ts';
import type { AnswerReader, AnswerTarget } from './answer-reader.ts';
import { cancelOnWorker } from './cancel-on-worker.ts';
import { createAnswerReader } from './create-answer-reader.ts';
import type { InferenceDependencies } from './inference-dependencies.ts';
import type { InferenceRequest, InferenceSink, TokenCounts } from './inference-request.ts';
import { estimateCounts } from './read-usage.ts';
import type { ReplicaPicker } from './replica-picker.ts';
import { workerBody } from './worker-body.ts';
import { WorkerCall, type WorkerCallEvents } from './worker-call.ts';

export interface AttemptParts {
  readonly deps: InferenceDependencies;
  readonly picker: ReplicaPicker;
}

/** Sends one request to one worker after the other, and remembers which were tried. */
export class WorkerAttempts {
  readonly #parts: AttemptParts;
  readonly #request: InferenceRequest;
  readonly #form: InferenceSink['form'];
  readonly #run: AnswerTarget & WorkerCallEvents;
  #replica: Replica | null = null;
  #call: WorkerCall | null = null;
  #reader: AnswerReader | null = null;
  #tried: Set<string> | null = null;
  #bodyBytes = 0;

  constructor(
    parts: AttemptParts,
    request: InferenceRequest,
    form: InferenceSink['form'],
    run: AnswerTarget & WorkerCallEvents,
  ) {
    this.#parts = parts;
    this.#request = request;
    this.#form = form;
    this.#run = run;
  }

  /** The reader of the last attempt's answer. */
  get reader(): AnswerReader | null {
    return this.#reader;
  }

  /** A worker has the request now. */
  get sent(): boolean {
    return this.#call !== null;
  }

  /** The engine's own counts, `null` when it has told none. */
  get counts(): TokenCounts | null {
    return this.#reader?.counts ?? null;
  }

  /** What is metered without them. */
  estimate(): TokenCounts {
    return estimateCounts(this.#bodyBytes, this.#reader?.events ?? 0);
  }

  /** Sends to the next replica; false when there is none. */
  send(model: ServedModel): boolean {
    const { deps, picker } = this.#parts;
    const request = this.#request;
    const replicas = deps.policy().replicas.get(model.versionId);
    const replica = replicas ? picker.pick(replicas, request.body, this.#tried) : null;
    if (replica === null) return false;
    this.#replica = replica;
    picker.begin(replica);
    const body = workerBody(request, model, replica);
    this.#bodyBytes = body.length;
    this.#reader = createAnswerReader(this.#run, {
      request,
      replica,
      form: this.#form,
      modelName: model.name,
    });
    this.#call = new WorkerCall(
      deps.transport,
      {
        address: replica.address,
        path: request.workerPath,
        requestId: request.requestId,
        priority: request.priority,
        deadline: request.deadline ?? null,
        body,
        workerToken: this.#tokenFor(replica),
      },
      this.#run,
    );
    return true;
  }

  resume(): void {
    this.#call?.resume();
  }

  /** Drops the connection. */
  abort(): void {
    this.#call?.abort();
  }

  /** Tells the worker to end the request. */
  cancel(): void {
    const replica = this.#replica;
    if (replica === null) return;
    const { transport, log } = this.#parts.deps;
    const { requestId } = this.#request;
    const cancellation = { address: replica.address, requestId, workerToken: this.#tokenFor(replica) };
    cancelOnWorker(transport, cancellation, log);
  }

  /** The worker takes nothing for a moment: others come first. */
  passOver(): void {
    if (this.#replica !== null) this.#parts.picker.markLost(this.#replica);
  }

  /** The worker could not be reached, or broke off. */
  passOverLost(cause: Error): void {
    const replica = this.#replica;
    if (replica === null) return;
    this.passOver();
    this.#parts.deps.log.warn(
      { error: cause, requestId: this.#request.requestId, workerId: replica.workerId },
      'A model worker could not be reached or broke off',
    );
  }

  /** This attempt is over, and its worker is not tried again. */
  giveUp(): void {
    const replica = this.#replica;
    this.leave();
    if (replica === null) return;
    this.#tried ??= new Set();
    this.#tried.add(replica.workerId);
  }

  /** Time has passed: every worker may be tried again. */
  forgetTried(): void {
    this.#tried = null;
  }

  /** Gives the worker's place back. */
  leave(): void {
    if (this.#replica !== null) this.#parts.picker.end(this.#replica);
    this.#replica = null;
    this.#call = null;
  }

  #tokenFor(replica: Replica): string | null {
    return replica.address.startsWith('unix:') ? null : this.#parts.deps.workerToken;
  }
}
