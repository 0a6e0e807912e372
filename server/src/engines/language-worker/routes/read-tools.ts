import { isJsonObject, type JsonObject } from '../../worker-http/read-json-body.ts';
import type { ToolChoice, ToolDefinition } from '../tools/tool-definition.ts';
import { invalidParameter, unsupportedParameter } from './read-parameters.ts';

/** `tools`, of the kind `function` only. */
export function readTools(body: JsonObject): ToolDefinition[] {
  const value = body.tools ?? null;
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalidParameter('tools', 'it must be a list');
  return value.map((tool: unknown, index) => {
    const path = `tools[${index}]`;
    if (!isJsonObject(tool)) throw invalidParameter(path, 'it must be an object');
    if (tool.type !== 'function') throw unsupportedParameter(`${path}.type`);
    const definition = tool.function;
    if (!isJsonObject(definition)) throw invalidParameter(`${path}.function`, 'it must be an object');
    const { name, description, parameters, strict } = definition;
    if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name))
      throw invalidParameter(`${path}.function.name`, 'it must be 1 to 64 letters, digits, _ or -');
    return {
      type: 'function',
      function: {
        name,
        ...(typeof description === 'string' ? { description } : {}),
        ...(parameters === undefined || parameters === null ? {} : { parameters }),
        ...(typeof strict === 'boolean' ? { strict } : {}),
      },
    };
  });
}

/** `tool_choice`; `auto` when there are tools and nothing was said. */
export function readToolChoice(body: JsonObject, tools: readonly ToolDefinition[]): ToolChoice {
  const value = body.tool_choice ?? null;
  if (value === null) return tools.length > 0 ? 'auto' : 'none';
  if (value === 'none') return value;
  if (tools.length === 0) throw invalidParameter('tool_choice', 'it is only allowed when tools are given');
  if (value === 'auto' || value === 'required') return value;
  const called = isJsonObject(value) && value.type === 'function' ? value.function : null;
  const name = isJsonObject(called) ? called.name : null;
  if (typeof name !== 'string')
    throw invalidParameter('tool_choice', 'it must be none, auto, required or name a function');
  if (!tools.some((tool) => tool.function.name === name))
    throw invalidParameter('tool_choice', `there is no tool named ${JSON.stringify(name)}`);
  return { type: 'function', function: { name } };
}
