import type { Parameter, ParameterTable } from '../../server/src/surfaces/openai/parameter.ts';
import { parameterTables } from '../../server/src/surfaces/openai/parameter-tables.ts';
import { cell, type GeneratedPage, generatedNotice } from './generated-page.ts';

/** How every parameter of the OpenAI-compatible API is treated. */
export function parametersPage(): GeneratedPage {
  const text = [
    generatedNotice,
    '# Parameters of the OpenAI-compatible API',
    '',
    'Every published parameter is treated in one of three ways, so nothing that changes an answer is dropped in silence:',
    '',
    '- **honoured**: it does what it says;',
    '- **no effect**: it is taken, cannot change the answer here, and is named in the header `x-samovar-ignored` of the answer; values that would change something are refused;',
    '- **refused**: a 400 that names it (`unsupported_parameter`).',
    '',
    'A parameter that is in no table is refused as `unknown_parameter`. `null` counts as not sent. Parameters marked † are not published ones: clients of open engines send them (the OpenAI SDKs through `extra_body`).',
    '',
    'The header `x-samovar-priority: background` lets interactive requests go first.',
    '',
    'How the fields of the Foundation Models API are treated is told in [its guide](../guides/foundation-models.md#fields).',
    ...Object.entries(parameterTables).flatMap(([endpoint, table]) => section(endpoint, table)),
    '',
  ].join('\n');
  return { path: 'docs/reference/parameters.md', text };
}

function section(endpoint: string, table: ParameterTable): string[] {
  const rows = Object.entries(table).map(([name, parameter]) => row(name, parameter));
  return ['', `## ${endpoint}`, '', '| Parameter | Treatment | Notes |', '|---|---|---|', ...rows];
}

function row(name: string, parameter: Parameter): string {
  if (parameter.treatment === 'refused')
    return `| \`${name}\` | refused | ${cell(sentence(parameter.reason))} |`;
  if (parameter.treatment === 'accepted') {
    const refusal = parameter.reason === undefined ? '' : ` Refused otherwise: ${parameter.reason}.`;
    return `| \`${name}\` | no effect | ${cell(parameter.note + refusal)} |`;
  }
  const mark = parameter.extension ? ' †' : '';
  const required = parameter.required ? 'Required. ' : '';
  return `| \`${name}\`${mark} | honoured | ${cell(required + parameter.note)} |`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
