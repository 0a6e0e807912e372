import type {
  Tool,
  ToolChoice,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_common_pb';
import { ToolChoice_ToolChoiceMode as Mode } from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_common_pb';
import type { CompletionRequest } from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import { invalidField, missingField } from '../request-error.ts';
import type { ChatBody, ChatTool, ChatToolChoice } from './chat-body.ts';
import { checkFunctionName } from './check-function-name.ts';
import { checkStruct } from './check-struct.ts';

const mostTools = 128;
const longestDescription = 20_000;

/** What a request says about tools, as the worker reads it. Throws `request.invalid` or `request.missing_parameter`. */
export function readTools(
  request: CompletionRequest,
): Pick<ChatBody, 'tools' | 'tool_choice' | 'parallel_tool_calls'> {
  const { tools, toolChoice, parallelToolCalls } = request;
  if (tools.length > mostTools) throw invalidField('tools', `expected at most ${mostTools} tools`);
  const read = tools.map(readTool);
  const names = new Set<string>();
  for (const [index, { function: tool }] of read.entries()) {
    if (names.has(tool.name))
      throw invalidField(`tools[${index}].function.name`, `there is another function "${tool.name}"`);
    names.add(tool.name);
  }
  const choice = toolChoice && readChoice(toolChoice, names);
  if (read.length === 0) return {};
  return {
    tools: read,
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(parallelToolCalls === undefined ? {} : { parallel_tool_calls: parallelToolCalls }),
  };
}

function readTool({ ToolType: tool }: Tool, index: number): ChatTool {
  const path = `tools[${index}].function`;
  if (tool.case !== 'function') throw missingField(path);
  const { name, description, parameters, strict } = tool.value;
  checkFunctionName(name, `${path}.name`);
  if (description.length > longestDescription)
    throw invalidField(`${path}.description`, `it must be at most ${longestDescription} characters long`);
  checkStruct(parameters, `${path}.parameters`);
  return {
    type: 'function',
    function: {
      name,
      ...(description === '' ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(strict ? { strict } : {}),
    },
  };
}

function readChoice(
  { ToolChoice: choice }: ToolChoice,
  names: ReadonlySet<string>,
): ChatToolChoice | undefined {
  if (choice.case === undefined) return undefined;
  if (choice.case === 'mode' && choice.value === Mode.TOOL_CHOICE_MODE_UNSPECIFIED) return undefined;
  if (names.size === 0) throw invalidField('toolChoice', 'it is only allowed when `tools` are given');
  if (choice.case === 'functionName') {
    if (!names.has(choice.value))
      throw invalidField(
        'toolChoice.functionName',
        `there is no function "${choice.value.slice(0, 64)}" in \`tools\``,
      );
    return { type: 'function', function: { name: choice.value } };
  }
  const mode = modes.get(choice.value);
  if (mode === undefined) throw invalidField('toolChoice.mode', 'supported values are NONE, AUTO, REQUIRED');
  return mode;
}

const modes: ReadonlyMap<Mode, ChatToolChoice> = new Map([
  [Mode.NONE, 'none'],
  [Mode.AUTO, 'auto'],
  [Mode.REQUIRED, 'required'],
]);
