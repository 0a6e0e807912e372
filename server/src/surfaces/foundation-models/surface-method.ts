import type { DescMethodUnary, MessageShape } from '@bufbuild/protobuf';
import type { GrpcMethod } from '@samovar/contract/grpc-method';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { MessageAnswer, MessageExchange, MessageMethod } from '../../kernel/ports/message-exchange.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';
import type { Principal } from '../../kernel/principal.ts';
import type { Endpoint } from '../../modules/inference/index.ts';
import { type ModelScheme, type ResolvedModel, resolveModelUri } from '../../modules/registry/index.ts';
import type { FoundationModelsSurface } from './foundation-models-surface.ts';

/** A call with who makes it. */
export interface Call<Method extends MessageMethod> extends MessageExchange<Method> {
  readonly principal: Principal;
}

/** A request of a valid key that did not reach its method. */
export interface Refusal {
  readonly requestId: string;
  readonly receivedAt: number;
  readonly principal: Principal;
  /** `null` when the client left before its request was complete. */
  readonly error: SamovarError | null;
}

/** A method with what serves it, whichever protocol carries it: gRPC takes it as it is, REST through a route. */
export interface SurfaceMethod<Method extends MessageMethod = MessageMethod> {
  readonly method: GrpcMethod<Method>;
  handle(exchange: MessageExchange<Method>): void;
  refused(refusal: Refusal): void;
}

export interface InferenceMethod<Method extends MessageMethod> {
  readonly method: GrpcMethod<Method>;
  /** The name under which its requests are metered. */
  readonly endpoint: Endpoint;
  modelUriOf(request: MessageShape<Method['input']>): string;
  /** What its URIs begin with. */
  readonly scheme: ModelScheme;
  /** Begins the inference, or throws what refuses it. What refuses it only later is told to `refuse`. */
  begin(call: Call<Method>, model: ResolvedModel, refuse: (thrown: unknown) => void): void;
}

/** A method that calls models: what it refuses by itself is metered too, with the model that was asked for. */
export function inferenceMethod<Method extends MessageMethod>(
  surface: Pick<FoundationModelsSurface, 'meterRefused' | 'policy' | 'newerPolicy' | 'mapError' | 'log'>,
  { method, endpoint, modelUriOf, scheme, begin }: InferenceMethod<Method>,
): SurfaceMethod<Method> {
  const meter = (refusal: Refusal, model: string): void =>
    surface.meterRefused({
      requestId: refusal.requestId,
      principal: refusal.principal,
      endpoint,
      model,
      durationMs: performance.now() - refusal.receivedAt,
      error: refusal.error,
    });
  return {
    method,
    handle(exchange) {
      const call = withPrincipal(exchange);
      const uri = modelUriOf(call.request);
      const metered = (error: SamovarError | null): void => meter({ ...call, error }, uri.slice(0, 256));
      const refuse = (thrown: unknown): void => {
        const error = surface.mapError(thrown);
        logInternal(surface.log, call.requestId, error);
        metered(error);
        call.answer.error(error);
      };
      const resolve = () => resolveModelUri({ text: uri, scheme, field: 'modelUri' }, call, surface.policy());
      try {
        const named = nowOrNewer(surface.newerPolicy, resolve);
        if (!(named instanceof Promise)) begin(call, named, refuse);
        else
          unlessGone(call.answer, named, (model) =>
            model ? begin(call, model, refuse) : metered(null),
          ).catch(refuse);
      } catch (thrown) {
        if (!(thrown instanceof SamovarError)) throw thrown;
        refuse(thrown);
      }
    },
    refused: (refusal) => meter(refusal, ''),
  };
}

/**
 * The model that is named, at once where it answers; else as the newest policy has it. Throws, or rejects with, what
 * refuses the name.
 */
function nowOrNewer(
  newerPolicy: NewerPolicy,
  resolve: () => ResolvedModel,
): ResolvedModel | Promise<ResolvedModel> {
  let named: ResolvedModel | null = null;
  let doubt: unknown;
  try {
    named = resolve();
    if (named.served !== null) return named;
    doubt = new SamovarError('model.not_found', { params: { model: named.name } });
  } catch (thrown) {
    doubt = thrown;
  }
  const newer = newerPolicy(doubt);
  if (newer !== null) return newer.then(resolve);
  if (named === null) throw doubt;
  return named;
}

/** Hands on what was waited for, or `null` where the client has left meanwhile. Rejects as `awaited` does. */
async function unlessGone<T>(
  answer: Pick<MessageAnswer<never>, 'onGone'>,
  awaited: Promise<T>,
  take: (value: T | null) => void,
): Promise<void> {
  let gone = false;
  answer.onGone(() => {
    gone = true;
  });
  const value = await awaited;
  take(gone ? null : value);
}

function logInternal(log: Log, requestId: string, error: SamovarError): void {
  if (error.code === 'system.internal')
    log.error({ requestId, error: error.cause }, 'A call failed before its answer began');
}

export interface OwnMethod<Method extends MessageMethod> {
  readonly method: GrpcMethod<Method>;
  /** The one message of the answer; throws what refuses the call. */
  answer(exchange: MessageExchange<Method>): Promise<MessageShape<Method['output']>>;
}

/** A method that the api process answers by itself: nothing is metered. */
export function ownMethod<Method extends DescMethodUnary>(
  surface: Pick<FoundationModelsSurface, 'mapError' | 'log'>,
  { method, answer: answerOf }: OwnMethod<Method>,
): SurfaceMethod<Method> {
  return {
    method,
    handle(exchange) {
      const { answer } = exchange;
      answerLater(answer, { message: answerOf(exchange), headers: {} }).catch((thrown: unknown) => {
        const error = surface.mapError(thrown);
        logInternal(surface.log, exchange.requestId, error);
        answer.error(error);
      });
    },
    refused() {},
  };
}

/** Answers with one message once it is there. Rejects when it never will be, or cannot be written. */
export async function answerLater<Message>(
  answer: MessageAnswer<Message>,
  {
    message,
    headers,
  }: { readonly message: Promise<Message>; readonly headers: Readonly<Record<string, string>> },
): Promise<void> {
  const made = await message;
  answer.begin(headers);
  answer.message(made);
  answer.end();
}

function withPrincipal<Method extends MessageMethod>(exchange: MessageExchange<Method>): Call<Method> {
  const { principal } = exchange;
  if (principal === null) throw new SamovarError('access.key_missing');
  return { ...exchange, principal };
}
