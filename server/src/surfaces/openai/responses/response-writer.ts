import { SamovarError } from '../../../kernel/errors.ts';
import type { TokenCounts } from '../../../modules/inference/index.ts';
import type { CallDelta, ChatDelta } from './chat-delta.ts';
import {
  type ItemStatus,
  type OpenCall,
  type OpenText,
  openCall,
  openMessage,
  openReasoning,
} from './output-item.ts';
import { usageOf } from './response-object.ts';
import type { Emit, WireResponse } from './wire-response.ts';

export interface ResponseWriter {
  /** What the model wrote next. Throws `engine.failed` when the engine's events make no sense. */
  write(delta: ChatDelta): void;
  /** The model is done: the terminal event. */
  finish(counts: TokenCounts): WireResponse;
  /** The answer broke off: the error and the terminal event. */
  fail(error: SamovarError): void;
}

/**
 * Turns what a chat model writes into the items of a response, in the published order of events:
 * created, in_progress, then each item from `added` to `done`, then completed, incomplete or failed.
 */
export function createResponseWriter(response: WireResponse, emit: Emit): ResponseWriter {
  let open: OpenText | OpenCall | null = null;
  let finishReason: string | null = null;
  emit({ type: 'response.created', response: { ...response, output: [] } });
  emit({ type: 'response.in_progress', response: { ...response, output: [] } });

  const close = (status: ItemStatus): void => {
    open?.close(status);
    open = null;
  };
  const textItem = (kind: 'message' | 'reasoning'): OpenText => {
    if (open !== null && 'add' in open && open.kind === kind) return open;
    close('completed');
    const begun = kind === 'message' ? openMessage(response, emit) : openReasoning(response, emit);
    open = begun;
    return begun;
  };
  const callItem = (call: CallDelta): OpenCall => {
    if (open !== null && 'callIndex' in open && open.callIndex === call.index) return open;
    if (!call.name)
      throw new SamovarError('engine.failed', { cause: new Error('arguments of a call without its name') });
    close('completed');
    const begun = openCall(response, emit, call);
    open = begun;
    return begun;
  };

  return {
    write(delta) {
      if (delta.reasoning !== '') textItem('reasoning').add(delta.reasoning, []);
      if (delta.text !== '' || delta.logprobs.length > 0) textItem('message').add(delta.text, delta.logprobs);
      for (const call of delta.calls) {
        const item = callItem(call);
        if (call.arguments !== '') item.addArguments(call.arguments);
      }
      finishReason = delta.finishReason ?? finishReason;
    },
    finish(counts) {
      const reason = incompleteReason(finishReason);
      // A model may end at once: its answer is then an empty message, never no message.
      if (open === null && response.output.length === 0) textItem('message');
      close(reason === null ? 'completed' : 'incomplete');
      response.usage = usageOf(counts);
      if (reason === null) {
        response.status = 'completed';
        response.completed_at = Math.floor(Date.now() / 1000);
        emit({ type: 'response.completed', response });
      } else {
        response.status = 'incomplete';
        response.incomplete_details = { reason };
        emit({ type: 'response.incomplete', response });
      }
      return response;
    },
    fail(error) {
      const code = error.entry.httpStatus === 429 ? 'rate_limit_exceeded' : 'server_error';
      close('incomplete');
      response.status = 'failed';
      response.error = { code, message: error.message };
      emit({ type: 'error', code: error.code, message: error.message, param: error.field });
      emit({ type: 'response.failed', response });
    },
  };
}

function incompleteReason(finishReason: string | null): 'max_output_tokens' | 'content_filter' | null {
  if (finishReason === 'length') return 'max_output_tokens';
  return finishReason === 'content_filter' ? 'content_filter' : null;
}
