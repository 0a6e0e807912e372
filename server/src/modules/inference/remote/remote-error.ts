import { SamovarError } from '../../../kernel/errors.ts';
import { RemoteCallError } from '../../../kernel/ports/remote-transport.ts';
import { withoutSecrets } from '../../../kernel/without-secrets.ts';
import type { RemoteTarget } from '../../serving/index.ts';
import { asObject, type JsonObject, parseObject } from '../json-object.ts';
import type { Refusal } from '../worker-call.ts';
import { missingRouteError } from '../worker-error.ts';

/**
 * What a foreign engine means by an error. Its 401 and 403 speak of the key that we have for it, never of the
 * caller's; its text reaches the caller only where it speaks of the caller's request.
 */
export function explainRemote(
  target: Pick<RemoteTarget, 'engineName' | 'upstreamModel' | 'headers'>,
  path: string,
): (refusal: Refusal) => SamovarError {
  const params = { engine: target.engineName };
  return ({ status, body, retryAfterSeconds }) => {
    const said = parseObject(withoutSecrets(body.toString('utf8'), target.headers));
    const reason = said === null ? null : reasonOf(said);
    const cause = new Error(`${target.engineName} answered ${status}: ${reason ?? 'no reason'}`);
    if (status === 401 || status === 403)
      return new SamovarError('engine.credentials_refused', { params, cause });
    if (status === 429)
      return new SamovarError('engine.busy', { retryAfterSeconds: retryAfterSeconds ?? 1, cause });
    const missing = missingRouteError(status, path);
    if (missing) return missing;
    if (status === 503)
      return new SamovarError('engine.unreachable', {
        params: { model: target.upstreamModel },
        retryAfterSeconds: retryAfterSeconds ?? 2,
        cause,
      });
    // A model or a route that is gone there is no fault of the request.
    if (status < 400 || status >= 500 || status === 404 || status === 405)
      return new SamovarError('engine.failed', { params, cause });
    if (said === null) return new SamovarError('engine.answer_invalid', { params, cause });
    return contextError(said, reason ?? '') ?? invalidRequest(said, reason, cause);
  };
}

/** Why a call to a foreign engine broke off. */
export function explainLost(target: RemoteTarget, cause: Error): SamovarError {
  const params = { engine: target.engineName };
  if (!(cause instanceof RemoteCallError))
    return new SamovarError('engine.connection_broken', { params, cause });
  if (cause.reason === 'protocol') return new SamovarError('engine.answer_invalid', { params, cause });
  return new SamovarError('engine.timeout', { params: { ...params, reason: cause.message }, cause });
}

/** An error of our readers, which know no engines, in the words for a foreign one. */
export function explainReader(target: RemoteTarget, error: SamovarError): SamovarError {
  const params = { engine: target.engineName };
  const { cause } = error;
  if (error.code === 'engine.worker_lost')
    return new SamovarError('engine.connection_broken', { params, cause });
  return error.code === 'engine.failed'
    ? new SamovarError('engine.answer_invalid', { params, cause })
    : error;
}

function invalidRequest(said: JsonObject, reason: string | null, cause: Error): SamovarError {
  const param = asObject(said.error)?.param ?? said.param;
  const parameter = typeof param === 'string' && param !== '' ? param : 'request';
  return new SamovarError('request.invalid', {
    params: { parameter, reason: reason ?? 'the engine refused it.' },
    ...(parameter === 'request' ? {} : { field: parameter }),
    cause,
  });
}

/** llama-server tells both counts; vLLM and the published API put them into a sentence. */
function contextError(said: JsonObject, reason: string): SamovarError | null {
  const error = asObject(said.error) ?? said;
  const context = error.n_ctx ?? /maximum context length (?:is|of) (\d+)/.exec(reason)?.[1];
  const prompt =
    error.n_prompt_tokens ??
    (/(\d+) (?:in the messages|input tokens)/.exec(reason) ??
      /(?:requested|resulted in) (\d+) tokens/.exec(reason))?.[1];
  if (context === undefined || prompt === undefined) return null;
  return new SamovarError('engine.context_exceeded', {
    params: { promptTokens: Number(prompt), contextTokens: Number(context) },
  });
}

function reasonOf(said: JsonObject): string | null {
  const error = said.error;
  if (typeof error === 'string') return error;
  const message = asObject(error)?.message ?? said.message ?? said.detail;
  return typeof message === 'string' ? message : null;
}
