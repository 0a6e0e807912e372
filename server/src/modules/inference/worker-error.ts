import { type ErrorCode, errorCatalogue } from '@samovar/contract/errors';
import { SamovarError, type SamovarErrorOptions } from '../../kernel/errors.ts';
import { asObject, type JsonObject, parseObject } from './json-object.ts';

/** What only workers with these routes can do, in words. */
const operations: Readonly<Record<string, string>> = {
  '/tokenize': 'tell the tokens of a text',
  '/score': 'score given texts, which classification needs',
};

/** Foreign engines lack our own routes: `engine.unsupported_operation`; `null` when the status says something else. */
export function missingRouteError(status: number, path: string): SamovarError | null {
  const operation = operations[path];
  if (operation === undefined || (status !== 404 && status !== 405 && status !== 501)) return null;
  return unsupportedOperation(operation);
}

/** Whether an engine cannot do what is asked, while another one may. */
export function isUnsupported(error: unknown): error is SamovarError {
  return (
    error instanceof SamovarError &&
    (error.code === 'engine.unsupported_operation' || error.code === 'engine.unsupported_parameter')
  );
}

/** `operation`: what the engine of a model cannot do, as in 'it cannot …'. */
export function unsupportedOperation(operation: string): SamovarError {
  return new SamovarError('engine.unsupported_operation', { params: { operation }, field: 'model' });
}

/**
 * What a worker says went wrong, as one of our codes: its own code when it is one of ours, else by its HTTP status.
 * A foreign engine's text reaches the client only where it speaks of the client's request.
 */
export function workerError(status: number, body: Buffer, retryAfterSeconds: number | null): SamovarError {
  const parsed = parseObject(body.toString('utf8'));
  const known = parsed && errorOf(parsed, retryAfterSeconds);
  if (known) return known;
  const reason = parsed === null ? null : messageOf(parsed);
  if (status === 429) return new SamovarError('engine.busy', { retryAfterSeconds: retryAfterSeconds ?? 1 });
  if (status >= 400 && status < 500 && status !== 401 && status !== 403 && status !== 404)
    return new SamovarError('request.invalid', {
      params: { parameter: 'request', reason: reason ?? 'the engine refused it.' },
    });
  return new SamovarError('engine.failed', {
    cause: new Error(`status ${status}: ${reason ?? 'no reason'}`),
  });
}

/** What an engine says in a stream of why it goes no further: the cause of the error that it becomes. */
export class SaidInStream extends Error {}

/** The error that an event of a stream carries, its cause a `SaidInStream`; `null` when the event is no error. */
export function eventError(event: JsonObject): SamovarError | null {
  // Older vLLMs put what an error says beside `object: 'error'`.
  if ((event.error === undefined || event.error === null) && event.object !== 'error') return null;
  const cause = new SaidInStream(messageOf(event) ?? 'no reason');
  return errorOf(event, null, cause) ?? new SamovarError('engine.failed', { cause });
}

function errorOf(body: JsonObject, retryAfterSeconds: number | null, cause?: Error): SamovarError | null {
  const extra = asObject(body.samovar);
  const code = extra?.code;
  if (typeof code !== 'string' || !isErrorCode(code)) return null;
  const options: SamovarErrorOptions = { params: textParams(asObject(extra?.params)), cause };
  const param = asObject(body.error)?.param;
  return new SamovarError(code, {
    ...options,
    ...(typeof param === 'string' ? { field: param } : {}),
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

function messageOf(body: JsonObject): string | null {
  const error = body.error;
  if (typeof error === 'string') return error;
  const message = asObject(error)?.message ?? body.message;
  return typeof message === 'string' ? message : null;
}

function textParams(params: JsonObject | null): Record<string, string | number> {
  const kept: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(params ?? {}))
    if (typeof value === 'string' || typeof value === 'number') kept[name] = value;
  return kept;
}
