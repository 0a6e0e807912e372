import { Environment, Template } from '@huggingface/jinja';
import { SamovarError } from '../../../kernel/errors.ts';
import type { ToolDefinition } from '../tools/tool-definition.ts';
import { BoundedInterpreter } from './bounded-interpreter.ts';
import type { ChatMessage } from './chat-message.ts';
import { mapTexts } from './control-text-guard.ts';
import { TemplateComplaint, templateGlobals } from './template-globals.ts';
import { templateMessages } from './template-messages.ts';

export interface PromptInput {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolDefinition[] | null | undefined;
  /** Ends the prompt where the assistant begins to speak; `true` unless said otherwise. */
  readonly addGenerationPrompt?: boolean | undefined;
  /** `chat_template_kwargs`: further variables of the template. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  /** Put over every text that does not come from the template: it hides spellings of control tokens. */
  readonly hide?: ((text: string) => string) | undefined;
}

/** Renders messages to the prompt text; special tokens stand in it as text and are to be parsed as such. */
export type PromptRenderer = (input: PromptInput) => string;

/** Variables that belong to the renderer; `extra` cannot replace them. */
const rendererVariables = new Set(['messages', 'tools', 'add_generation_prompt', 'bos_token', 'eos_token']);

/**
 * Compiles a chat template (Jinja, as model files carry it) once. `developer` messages become `system` ones and
 * text parts are joined, as templates expect.
 * @throws SamovarError `request.invalid` when the template refuses the messages or a part is not text;
 * `model.template_unusable` when the template itself cannot be read, or fails or takes too much as it runs.
 */
export function createPromptRenderer(model: {
  /** What errors call the model. */
  readonly name: string;
  readonly template: string;
  readonly bosToken: string;
  readonly eosToken: string;
}): PromptRenderer {
  const template = parsed(model);
  const globals = templateGlobals(() => new Date());
  return ({ messages, tools, addGenerationPrompt = true, extra = {}, hide }) => {
    for (const name of Object.keys(extra)) {
      if (rendererVariables.has(name) || name in globals) throw reservedVariable(name);
    }
    const said = {
      ...extra,
      // Templates ask `tools is not none`: the reference implementation always sets it.
      tools: tools && tools.length > 0 ? tools : null,
      messages: templateMessages(messages),
    };
    return render({ name: model.name, template }, messages, () => ({
      ...globals,
      ...(hide === undefined ? said : hidden(said, hide)),
      add_generation_prompt: addGenerationPrompt,
      bos_token: model.bosToken,
      eos_token: model.eosToken,
    }));
  };
}

type TemplateVariables = Readonly<Record<string, unknown>>;

function hidden(said: TemplateVariables, hide: (text: string) => string): TemplateVariables {
  return Object.fromEntries(Object.entries(said).map(([name, value]) => [name, mapTexts(value, hide)]));
}

function parsed({ name, template }: { readonly name: string; readonly template: string }): Template {
  try {
    return new Template(template);
  } catch (error) {
    throw unusable(name, error);
  }
}

function render(
  { name, template }: { readonly name: string; readonly template: Template },
  messages: readonly ChatMessage[],
  variables: () => TemplateVariables,
): string {
  try {
    const environment = new Environment();
    for (const [variable, value] of Object.entries(variables())) environment.set(variable, value);
    return String(new BoundedInterpreter(environment).run(template.parsed).value);
  } catch (error) {
    if (error instanceof TemplateComplaint) throw refusedByTemplate(messages, error);
    throw unusable(name, error);
  }
}

/** The reason is that of the template engine, which speaks of the template alone. */
function unusable(model: string, cause: unknown): SamovarError {
  const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new SamovarError('model.template_unusable', {
    params: { model, reason: (reason ?? '').slice(0, 300) },
    field: 'model',
    cause,
  });
}

function refusedByTemplate(messages: readonly ChatMessage[], complaint: TemplateComplaint): SamovarError {
  const system = messages.some(({ role }) => role === 'system' || role === 'developer');
  const hint =
    system && /system/i.test(complaint.message) ? ' (move the system text into the first user message)' : '';
  return new SamovarError('request.invalid', {
    params: {
      parameter: 'messages',
      reason: `the model's chat template refuses them: ${complaint.message}${hint}`,
    },
    field: 'messages',
    cause: complaint,
  });
}

function reservedVariable(name: string): SamovarError {
  const parameter = `chat_template_kwargs.${name}`;
  return new SamovarError('request.invalid', {
    params: { parameter, reason: 'this variable belongs to the template itself' },
    field: parameter,
  });
}
