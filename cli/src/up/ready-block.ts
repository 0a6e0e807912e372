import { availableParallelism, cpus } from 'node:os';
import type { Acceleration } from '../engines/describe-acceleration.ts';
import type { ModelProgress } from './model-progress.ts';

export interface ReadyFacts {
  readonly url: string;
  /** `host:port`; `null` where it is not known. */
  readonly grpcAddress: string | null;
  /** Where TLS is on. */
  readonly certFile: string | null;
  /** Whether the key of the first run is one still: it may have been revoked, or moved to a safe place. */
  readonly firstKey: 'accepted' | 'refused' | 'missing';
  /** `null` when it is not to be shown: the output is no terminal. */
  readonly key: string | null;
  readonly keyFile: string;
  readonly data: string;
  readonly attached: boolean;
  /** `null` when no key was at hand that may ask for them. */
  readonly models: readonly ModelProgress[] | null;
  /** Those of `models` that should answer after a start, and do not. */
  readonly failed: readonly ModelProgress[];
  readonly acceleration: Acceleration;
}

/** The one block that `up` ends with: `Ready`, or what keeps it from being so. */
export function readyBlock(facts: ReadyFacts): string {
  return [
    ...headline(facts.failed),
    '',
    ...addresses(facts),
    '',
    ...models(facts),
    ...examples(facts),
    '',
    `Data       ${facts.data}`,
    `Processor  ${processor()}`,
    ...acceleration(facts.acceleration),
    `Stop       ${facts.attached ? 'Ctrl-C here, or `./samovar down`' : '`./samovar down`'}`,
  ].join('\n');
}

function headline(failed: readonly ModelProgress[]): string[] {
  if (failed.length === 0) return ['Ready'];
  const names = failed.map((model) => model.name).join(' and ');
  return [
    `Started, but ${names} ${failed.length === 1 ? 'does' : 'do'} not answer`,
    ...failed.flatMap(modelLines),
  ];
}

function addresses(facts: ReadyFacts): string[] {
  const { url, grpcAddress, certFile } = facts;
  return [
    `API        ${url}/v1   (OpenAI-compatible)`,
    ...(grpcAddress === null ? [] : [`gRPC       ${grpcAddress}   (Foundation Models)`]),
    ...(certFile === null
      ? []
      : [`TLS        by ${certFile}: clients must trust its authority and use a name of it`]),
    `OpenAPI    ${url}/openapi.json   (needs the key)`,
    `Health     ${url}/readyz`,
    `Key        ${whichKey(facts)}`,
  ];
}

function whichKey({ firstKey, key, keyFile }: ReadyFacts): string {
  switch (firstKey) {
    case 'accepted':
      return key ?? `in ${keyFile}`;
    case 'refused':
      return `one of yours: what is in ${keyFile} is not accepted (any more); \`samovar keys recover\` makes another`;
    case 'missing':
      return `one of yours: none can be read from ${keyFile}; \`samovar keys recover\` makes one`;
  }
}

function models({ models: all, failed }: ReadyFacts): string[] {
  if (all === null)
    return ['Models     `samovar models` lists them, with a key of yours in `SAMOVAR_API_KEY`', ''];
  if (all.length === 0) return ['Models     none yet; `samovar models` lists those that can be fetched', ''];
  const others = all.filter((model) => !failed.includes(model));
  return others.length === 0 ? [] : ['Models', ...others.flatMap(modelLines), ''];
}

function modelLines(model: ModelProgress): string[] {
  const names = [model.name, ...model.aliases].join(', ');
  if (model.phase === 'failed')
    return [
      `  ${names}: does not answer: ${model.error ?? 'no reason was given'}`,
      `    ${model.remedy ?? '`samovar models` and `samovar logs` tell more; it is tried again by itself.'}`,
    ];
  const state = model.phase === 'ready' ? '' : ', loaded when it is called';
  return [`  ${names}  (${model.title}${state})`, ...(model.note === null ? [] : [`    ${model.note}`])];
}

function examples({ url, firstKey, key, keyFile }: ReadyFacts): string[] {
  const secret = firstKey === 'accepted' ? (key ?? `"$(cat '${keyFile}')"`) : '"$SAMOVAR_API_KEY"';
  return [
    'Try it',
    '',
    `  export OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=${secret}`,
    '',
    '  # curl',
    '  curl -N "$OPENAI_BASE_URL/chat/completions" -H "Authorization: Bearer $OPENAI_API_KEY" \\',
    "    -H 'Content-Type: application/json' \\",
    `    -d '{"model":"chat-default","stream":true,"messages":[{"role":"user","content":"Why is the sky blue?"}]}'`,
    '',
    '  # Python: pip install openai',
    '  from openai import OpenAI',
    "  answer = OpenAI().chat.completions.create(model='chat-default',",
    "      messages=[{'role': 'user', 'content': 'Why is the sky blue?'}])",
    '  print(answer.choices[0].message.content)',
    '',
    '  // TypeScript: npm install openai',
    "  import OpenAI from 'openai';",
    "  const answer = await new OpenAI().embeddings.create({ model: 'embedding-default', input: 'tea' });",
    '  console.log(answer.data[0].embedding.length);',
  ];
}

function processor(): string {
  const name = cpus()[0]?.model.trim() || process.arch;
  return `${name}, ${availableParallelism()} cores`;
}

function acceleration({ runsOn, unused }: Acceleration): string[] {
  return [
    ...(runsOn === null ? [] : [`Runs on    ${runsOn} (the chat model)`]),
    ...(unused === null ? [] : [`Not used   ${unused}`]),
  ];
}
