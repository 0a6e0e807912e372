import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { BoundGrpcMethod } from '../../kernel/ports/message-exchange.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';
import type { Principal } from '../../kernel/principal.ts';
import type { Authenticate, Authorize } from '../http/data-lane.ts';
import { readKey } from '../http/read-key.ts';
import type { GrpcCall } from './grpc-call.ts';
import { KeptBody } from './kept-body.ts';
import { checkEncoding } from './message-compression.ts';
import { MessageStream, type ReadOptions, type SharedRoom } from './message-stream.ts';
import type { ConversationMethod, MethodEntry } from './method-table.ts';
import { parseMessage, readOneMessage } from './read-message.ts';

export interface ServeOptions {
  readonly authenticate: Authenticate;
  /** Whether a key that is not known is worth another look. */
  readonly newerPolicy: NewerPolicy;
  readonly authorize: Authorize;
  readonly limitBytes: number;
  /** What a method threw, as one of our codes. */
  mapError(thrown: unknown): SamovarError;
  readonly log: Log;
}

/** Requests of methods that need no key are small: anyone may send them. */
const publicLimitBytes = 64 * 1024;

/** Authenticates, reads the request and hands it to its method. Every refusal is answered here. */
export function serveCall(call: GrpcCall, entry: MethodEntry, room: SharedRoom, options: ServeOptions): void {
  call.answersWith(entry.output);
  try {
    serveAdmitted(call, entry, room, options);
  } catch (thrown) {
    const newer = options.newerPolicy(thrown);
    if (newer === null) refuse(call, thrown, options);
    else
      serveOnceKnown(call, newer, (isNewer) => {
        if (!isNewer) throw thrown;
        serveAdmitted(call, entry, room, options);
      }).catch((refused: unknown) => refuse(call, refused, options));
  }
}

/** Throws what `serve` throws. */
async function serveOnceKnown(
  call: GrpcCall,
  newer: Promise<boolean>,
  serve: (isNewer: boolean) => void,
): Promise<void> {
  const kept = new KeptBody(call);
  try {
    const isNewer = await newer;
    // Its deadline may have passed, or its client have left.
    if (!call.answered) serve(isNewer);
  } finally {
    kept.handOn();
  }
}

/** Throws what keeps it from being admitted. */
function serveAdmitted(call: GrpcCall, entry: MethodEntry, room: SharedRoom, options: ServeOptions): void {
  const { arrival } = call;
  const principal = admit(entry, arrival.headers, options);
  try {
    checkTerms(call);
  } catch (thrown) {
    const error = refuse(call, thrown, options);
    if (entry.serves.kind === 'exchange') tellRefused(call, entry.serves.bound, { principal, error });
    return;
  }
  const limitBytes = principal === null ? Math.min(publicLimitBytes, options.limitBytes) : options.limitBytes;
  const reading = { encoding: arrival.encoding, limitBytes, room };
  if (entry.serves.kind === 'conversation') converse(call, entry, entry.serves.method, reading, options);
  else serveExchange(call, entry, { bound: entry.serves.bound, principal, reading }, options);
}

function admit(
  entry: MethodEntry,
  headers: Readonly<Record<string, string | undefined>>,
  options: ServeOptions,
): Principal | null {
  if (entry.permission === 'public') return null;
  const principal = options.authenticate(readKey(headers));
  options.authorize(principal, entry.permission);
  return principal;
}

/** What the headers ask for and cannot have. */
function checkTerms({ arrival }: GrpcCall): void {
  checkEncoding(arrival.encoding);
  if (arrival.wrongTimeout !== null)
    throw new SamovarError('request.invalid', {
      params: { parameter: 'grpc-timeout', reason: 'it is at most eight digits and a unit.' },
      field: 'grpc-timeout',
    });
}

interface Admitted {
  readonly bound: BoundGrpcMethod;
  readonly principal: Principal | null;
  readonly reading: ReadOptions;
}

function serveExchange(
  call: GrpcCall,
  entry: MethodEntry,
  { bound, principal, reading }: Admitted,
  options: ServeOptions,
): void {
  const { requestId, receivedAt, headers, deadline } = call.arrival;
  call.onGone(() => {
    if (call.reading) tellRefused(call, bound, { principal, error: call.failure });
  });
  readOneMessage(call, reading, (outcome) => {
    if (call.answered) return;
    call.reading = false;
    try {
      if (outcome instanceof SamovarError) throw outcome;
      const request = parseMessage(entry.input, outcome);
      const requestBytes = outcome.length;
      bound.handle({
        requestId,
        receivedAt,
        principal,
        headers,
        deadline,
        request,
        requestBytes,
        answer: call,
      });
    } catch (thrown) {
      tellRefused(call, bound, { principal, error: refuse(call, thrown, options) });
    }
  });
}

/** A call without a key is nobody's. */
function tellRefused(
  { arrival: { requestId, receivedAt } }: GrpcCall,
  bound: BoundGrpcMethod,
  { principal, error }: { readonly principal: Principal | null; readonly error: SamovarError | null },
): void {
  if (principal !== null) bound.refused({ requestId, receivedAt, principal, error });
}

function converse(
  call: GrpcCall,
  entry: MethodEntry,
  method: ConversationMethod,
  reading: Admitted['reading'],
  options: ServeOptions,
): void {
  const messages = new MessageStream(call.stream, reading, {
    keeps: false,
    message(bytes) {
      call.readingSince = performance.now();
      try {
        // A client that does not read its answers is not read either.
        return call.message(method.answer(parseMessage(entry.input, bytes)));
      } catch (thrown) {
        refuse(call, thrown, options);
        return false;
      }
    },
    end: () => call.end(),
    fail: (error) => refuse(call, error, options),
  });
  call.reads(messages);
  call.onDrain(() => messages.goOn());
}

function refuse(call: GrpcCall, thrown: unknown, options: ServeOptions): SamovarError {
  const error = thrown instanceof SamovarError ? thrown : asSamovarError(options.mapError(thrown));
  const { requestId, path } = call.arrival;
  if (error.code === 'system.internal')
    options.log.error(
      { requestId, path, error: error.cause },
      'A gRPC method failed before its answer began',
    );
  call.error(error);
  return error;
}
