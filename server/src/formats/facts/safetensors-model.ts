import type { InspectionNote } from '../../kernel/ports/model-inspector.ts';
import { refusal } from '../refuse-files.ts';
import { readShards, type ShardedTensors } from '../safetensors/read-shards.ts';
import { checkNumbers, storedInShards } from './check-numbers.ts';
import { checkHubTensors, wordEmbeddingRows } from './hub-blocks.ts';
import { chatTemplateOf } from './hub-chat-template.ts';
import { type HubConfig, readHubConfig } from './hub-config.ts';
import { checkHubVocabulary } from './hub-vocabulary.ts';
import { memoryFacts, sequenceMemory } from './kv-cache.ts';
import { unknownLicense } from './license-facts.ts';
import { type FoundModel, information, type ModelFacts, warning } from './model-facts.ts';
import { type FolderFile, folderOf, type ModelFolder } from './model-folder.ts';
import { readPooling } from './sentence-embedding.ts';
import { hubSource, type StatedTerms, statedLanguages } from './stated-terms.ts';
import { templateFacts, templateFinding } from './template-facts.ts';

const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
  'chat_template.jinja',
  'chat_template.json',
  'generation_config.json',
  '1_Pooling/config.json',
  'modules.json',
  'config_sentence_transformers.json',
];

/** Facts of a model in safetensors, whole or in shards, with its `config.json`. Throws `model.refused`. */
export async function safetensorsModel(
  folder: ModelFolder,
  weights: readonly FolderFile[],
  terms: StatedTerms,
): Promise<FoundModel> {
  const at = folderOf(weights[0]?.path ?? '');
  if (weights.some(({ path }) => folderOf(path) !== at))
    throw refusal('the safetensors files lie in several folders: name one of them');
  const hub = await configOf(folder, at);
  const indexFile = folder.files.find(
    ({ path }) => folderOf(path) === at && path.endsWith('.safetensors.index.json'),
  );
  const index = indexFile === undefined ? undefined : await folder.json(indexFile.path);
  if (index === undefined && weights.length > 1)
    throw refusal('there are several safetensors files without an index that says what belongs to what');
  const sources = weights.map(({ source }) => ({ ...source, name: source.name.slice(at.length) }));
  const sharded = await readShards(sources, index);
  checkHubTensors(hub, sharded, `${at}config.json`);
  await checkHubVocabulary(folder, `${at}tokenizer.json`, wordEmbeddingRows(sharded));
  await checkNumbers(storedInShards(sharded, sources));
  const weightsBytes = weights.reduce((sum, { source }) => sum + source.sizeBytes, 0);
  const abilities = await abilitiesOf(folder, at, hub);
  const base = hubSource(terms.quantizedFrom);
  return {
    facts: {
      modality: 'text',
      languages: statedLanguages(terms.languages),
      architecture: hub.modelType || hub.className,
      parameters: Math.max(
        1,
        sum(sharded, ({ elements }) => elements),
      ),
      quantization: mostType(sharded),
      engine: 'llama-cpp',
      engineOptions: {},
      contextTokens: hub.contextTokens,
      ...abilities.facts,
      license: terms.license ?? unknownLicense,
      memory: {
        ...memoryFacts(weightsBytes, sequenceMemory(hub.layers, hub.contextTokens), hub.contextTokens),
        ...(hub.vocabularySize !== null && { vocabularyTokens: hub.vocabularySize }),
      },
      ...(base === null ? {} : { lineage: { source: base, revision: null } }),
    },
    servable: 'convert',
    needed: [
      ...weights.map(({ path }) => path),
      ...(indexFile === undefined ? [] : [indexFile.path]),
      ...['config.json', ...tokenizerFiles].flatMap((name) =>
        folder.find(at + name) === null ? [] : [at + name],
      ),
    ],
    notes: [
      information(`It is converted to GGUF before it runs; its class is ${hub.className || hub.modelType}.`),
      ...abilities.notes,
    ],
  };
}

async function configOf(folder: ModelFolder, at: string): Promise<HubConfig> {
  const config = await folder.json(`${at}config.json`);
  if (config === null) throw refusal('config.json is missing, which says what the weights mean');
  const hub = readHubConfig(config, `${at}config.json`);
  if (hub.obstacle !== null) throw refusal(hub.obstacle);
  if (folder.find(`${at}tokenizer.json`) === null && folder.find(`${at}tokenizer.model`) === null)
    throw refusal('tokenizer.json is missing');
  return hub;
}

/** Encoders give vectors whether or not a file says how; the mean of all tokens is the usual way. */
function encoderEmbedding({ className, hiddenSize }: HubConfig): ModelFacts['embedding'] | null {
  if (!/^(Bert|XLMRoberta|Roberta|ModernBert|NomicBert|DistilBert)Model$/.test(className)) return null;
  const plain = { normalize: true, trainedDimensions: [], tokenArrayEncoding: null };
  return { dimensions: hiddenSize, pooling: 'mean', ...plain };
}

type Abilities = Pick<ModelFacts, 'task' | 'toolCalls' | 'reasoning' | 'embedding' | 'capabilities'>;

async function abilitiesOf(
  folder: ModelFolder,
  at: string,
  hub: HubConfig,
): Promise<{ facts: Abilities; notes: InspectionNote[] }> {
  const none = { toolCalls: 'none', reasoning: 'none' } as const;
  const embedding = (await readPooling(folder, at, hub.hiddenSize)) ?? encoderEmbedding(hub);
  if (embedding)
    return { facts: { task: 'embedding', ...none, embedding, capabilities: ['embeddings'] }, notes: [] };
  const completing = ['completions', 'json-schema', 'logprobs'] as const;
  const template = await chatTemplateOf(folder, at);
  const chat = template === null ? null : templateFacts(template);
  if (chat !== null && chat.fault === null) {
    const { toolCalls, reasoning } = chat;
    const capabilities = ['chat', 'tools', ...completing] as const;
    return { facts: { task: 'chat', toolCalls, reasoning, capabilities }, notes: [] };
  }
  const finding = templateFinding(chat);
  return {
    facts: { task: 'chat', ...none, capabilities: completing },
    notes: finding === null ? [] : [warning(finding)],
  };
}

function sum({ tensors }: ShardedTensors, of: (tensor: { elements: number }) => number): number {
  let total = 0;
  for (const tensor of tensors.values()) total += of(tensor);
  return total;
}

function mostType({ tensors }: ShardedTensors): string {
  const bytes = new Map<string, number>();
  for (const { dtype, sizeBytes } of tensors.values()) bytes.set(dtype, (bytes.get(dtype) ?? 0) + sizeBytes);
  const [most] = [...bytes].sort((a, b) => b[1] - a[1])[0] ?? ['F32'];
  return most;
}
