import { SamovarError } from '../../../kernel/errors.ts';
import type { JsonObject } from '../../worker-http/read-json-body.ts';
import { joinTokens } from '../join-tokens.ts';
import type { LanguageModel } from '../language-model.ts';
import type { ChatMessage } from '../templates/chat-message.ts';
import type { PromptPiece } from '../templates/control-text-guard.ts';
import type { ToolPlan } from '../tools/tool-plan.ts';
import type { Vocabulary } from '../vocabulary.ts';

/**
 * The prompt as the model's template writes it; what messages and tools say can be no control token in it. Throws
 * `engine.context_exceeded` when its control tokens alone are too many.
 */
export function renderChat(
  model: LanguageModel,
  messages: readonly ChatMessage[],
  plan: ToolPlan,
  extra: JsonObject,
): PromptPiece[] {
  if (model.renderPrompt === null)
    throw new SamovarError('model.template_unusable', {
      params: { model: model.manifest.name, reason: 'it has none' },
      field: 'model',
    });
  const guard = model.guardControlTexts();
  const rendered = model.renderPrompt({
    messages: plan.prepareMessages(messages),
    tools: plan.promptTools,
    addGenerationPrompt: true,
    extra,
    hide: guard.hide,
  });
  const controls = guard.countControls(rendered);
  if (controls > model.contextTokens)
    throw new SamovarError('engine.context_exceeded', {
      params: { promptTokens: `more than ${controls}`, contextTokens: model.contextTokens },
    });
  return guard.split(rendered);
}

/** The tokens of a rendered prompt. */
export function encodePieces(vocabulary: Vocabulary, pieces: readonly PromptPiece[]): Uint32Array {
  const encoded = pieces.map(({ text, literal }, at) => {
    if (literal) return vocabulary.encodePlain(text);
    return at === 0 ? vocabulary.encodePrompt(text) : vocabulary.encodeContinuation(text);
  });
  return joinTokens(encoded);
}
