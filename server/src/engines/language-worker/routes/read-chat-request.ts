import { SamovarError } from '../../../kernel/errors.ts';
import type { JsonObject } from '../../worker-http/read-json-body.ts';
import type { ChoicePlan } from '../answer/choice.ts';
import type { AnswerPlan } from '../answer/run-answer.ts';
import type { CompiledGrammar } from '../generation/generation-task.ts';
import type { LanguageModel } from '../language-model.ts';
import { refuseOversizedText } from '../refuse-oversized-text.ts';
import { planTools, type ToolPlan } from '../tools/tool-plan.ts';
import { readMessages } from './read-messages.ts';
import {
  invalidParameter,
  readBoolean,
  readNumber,
  readObject,
  readStops,
  refuseOthers,
  unsupportedParameter,
} from './read-parameters.ts';
import { readResponseFormat } from './read-response-format.ts';
import { readSampling, samplingOfChoice, samplingParameters } from './read-sampling.ts';
import { readToolChoice, readTools } from './read-tools.ts';
import { encodePieces, renderChat } from './render-chat.ts';

const known = new Set([
  ...samplingParameters,
  'model',
  'messages',
  'stream',
  'stream_options',
  'n',
  'stop',
  'logprobs',
  'top_logprobs',
  'max_tokens',
  'max_completion_tokens',
  'response_format',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'chat_template_kwargs',
  'samovar',
]);

const mostChoices = 128;

/** A chat request as a plan of its choices. Throws what is wrong with it by parameter. */
export async function readChatRequest(body: JsonObject, model: LanguageModel): Promise<AnswerPlan> {
  refuseOthers(body, known);
  const messages = readMessages(body);
  const tools = readChatTools(body, model);
  const sampling = readSampling(body, model.manifest.engineOptions, model.vocabulary.size);
  const count = readNumber(body, 'n', { min: 1, max: mostChoices, integer: true }, 1);
  const topLogprobs = readTopLogprobs(body);
  const stops = readStops(body);
  const maxTokens = readMaxTokens(body, model.contextTokens);
  const format = readResponseFormat(body, model.grammars);
  if (format !== null && tools.choice === 'auto')
    throw unsupportedParameter('response_format together with tools');
  const pieces = renderChat(model, messages, tools.plan, readObject(body, 'chat_template_kwargs'));
  const text = pieces.map((piece) => piece.text).join('');
  await refuseOversizedText(text, model.vocabulary, model.contextTokens);
  const prompt = encodePieces(model.vocabulary, pieces);
  const grammars = await compileGrammars(model, tools.plan, format);
  // A grammar begins with the answer (or with a `<think>` of its own), also where the template has opened one.
  const begins = grammars.grammar === null && /<think>\s*$/.test(text) ? 'reasoning' : 'answer';
  const choices: ChoicePlan[] = [];
  for (let index = 0; index < count; index += 1)
    choices.push({
      prompt,
      maxTokens,
      reproducible: sampling.reproducible,
      topLogprobs,
      stops,
      showControlTokens: tools.choice !== 'none',
      parser: tools.plan.createParser(begins),
      sampling: samplingOfChoice(sampling.options, index),
      ...grammars,
    });
  return { choices, choicesPerPrompt: count, sequential: sampling.reproducible };
}

function readChatTools(body: JsonObject, model: LanguageModel) {
  const tools = readTools(body);
  const choice = readToolChoice(body, tools);
  const family = model.manifest.toolCalls;
  if (tools.length > 0 && family === 'none') throw unsupportedParameter('tools');
  const parallel = readBoolean(body, 'parallel_tool_calls', true);
  return {
    choice,
    plan: planTools({
      family,
      reasoning: model.manifest.reasoning,
      tools,
      toolChoice: choice,
      parallel,
      grammars: model.grammars,
    }),
  };
}

function readTopLogprobs(body: JsonObject): number | null {
  const wanted = readBoolean(body, 'logprobs', false);
  const top = readNumber(body, 'top_logprobs', { min: 0, max: 20, integer: true }, null);
  if (top !== null && !wanted) throw invalidParameter('top_logprobs', 'it needs logprobs to be true');
  return wanted ? (top ?? 0) : null;
}

function readMaxTokens(body: JsonObject, contextTokens: number): number {
  const range = { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true } as const;
  const older = readNumber(body, 'max_tokens', range, contextTokens);
  return readNumber(body, 'max_completion_tokens', range, older);
}

async function compileGrammars(
  model: LanguageModel,
  plan: ToolPlan,
  format: string | null,
): Promise<Pick<ChoicePlan, 'grammar' | 'triggeredGrammar'>> {
  const gbnf = plan.grammar ?? format;
  if (gbnf !== null) return { grammar: await compile(model, gbnf), triggeredGrammar: null };
  const { lazyTrigger } = plan;
  if (lazyTrigger === undefined) return { grammar: null, triggeredGrammar: null };
  const grammar = await compile(model, lazyTrigger.grammar);
  return { grammar: null, triggeredGrammar: { trigger: lazyTrigger.text, grammar } };
}

async function compile(model: LanguageModel, gbnf: string): Promise<CompiledGrammar> {
  try {
    return await model.generator.compileGrammar(gbnf);
  } catch (cause) {
    throw new SamovarError('request.invalid', {
      params: { parameter: 'schema', reason: 'the engine cannot follow a schema of this size or depth' },
      cause,
    });
  }
}
