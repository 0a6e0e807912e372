import type { GgufValue } from '../../gguf/gguf-value.ts';
import { number, truth } from '../../gguf/make-value.ts';
import { isRecord, type JsonRecord, recordMember, textMember } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';
import type { HubTokenizer } from './hub-tokenizer.ts';
import type { Vocabulary } from './vocabulary.ts';

type Ids = ReadonlyMap<string, number>;

/** Names of roles: in `tokenizer_config.json`, and in GGUF (where one is misspelt). */
const roles = {
  bos: 'bos',
  eos: 'eos',
  unk: 'unknown',
  sep: 'seperator',
  pad: 'padding',
  cls: 'cls',
  mask: 'mask',
} as const;

type Role = keyof typeof roles;

/** Encoders begin and end a text with what has another name there. */
const standIns: Partial<Record<Role, Role>> = { bos: 'cls', eos: 'sep' };

const needed = ['cls', 'sep', 'unk'] as const;

/** Which tokens have roles, and which of them stand around each text. A number that no token has is nobody's role. */
export function specialMetadata(
  files: HubTokenizer,
  { ids, tokens }: Pick<Vocabulary, 'ids' | 'tokens'>,
): [string, GgufValue][] {
  const entries: [string, GgufValue][] = [];
  for (const role of Object.keys(roles) as Role[]) {
    const id = specialId(files, role, ids);
    if (id !== null && id >= 0 && id < tokens.length)
      entries.push([`tokenizer.ggml.${roles[role]}_token_id`, number(id)]);
  }
  if (isWordPiece(files)) {
    // The engine puts every text between two of them, and takes numbers of its own where none are named.
    const missing = needed.find((role) => specialId(files, role, ids) === null);
    if (missing !== undefined) throw refusal(`its tokenizer names no ${missing}_token`);
    return entries;
  }
  for (const role of ['bos', 'eos'] as const)
    entries.push([`tokenizer.ggml.add_${role}_token`, truth(addsSpecial(files, role, ids))]);
  return entries;
}

function specialId(files: HubTokenizer, role: Role, ids: Ids): number | null {
  const stated = tokenText(files.config?.[`${role}_token`]) ?? usualName(files, role, ids);
  const found = stated === null ? undefined : ids.get(stated);
  if (found !== undefined) return found;
  for (const source of [files.model, files.generation]) {
    const id: unknown = source?.[`${role}_token_id`];
    const [first]: unknown[] = Array.isArray(id) ? id : [id];
    if (typeof first === 'number') return first;
  }
  const standIn = standIns[role];
  return standIn === undefined ? null : specialId(files, standIn, ids);
}

/** WordPiece vocabularies have the same names everywhere. */
function usualName(files: HubTokenizer, role: Role, ids: Ids): string | null {
  const usual = `[${role.toUpperCase()}]`;
  return isWordPiece(files) && ids.has(usual) ? usual : null;
}

function isWordPiece({ tokenizer, config }: HubTokenizer): boolean {
  const type = textMember(recordMember(tokenizer, 'model'), 'type');
  return type === 'WordPiece' || (type === null && textMember(config, 'cls_token') !== null);
}

function addsSpecial(files: HubTokenizer, role: 'bos' | 'eos', ids: Ids): boolean {
  const stated = files.config?.[`add_${role}_token`];
  if (typeof stated === 'boolean') return stated;
  const id = specialId(files, role, ids);
  for (const processor of processorsOf(files.tokenizer)) {
    const type = textMember(processor, 'type');
    if (type === 'RobertaProcessing' || type === 'BertProcessing') return true;
    const single: unknown = processor.single;
    if (type !== 'TemplateProcessing' || !Array.isArray(single) || single.length < 2) continue;
    const edge: unknown = role === 'bos' ? single[0] : single.at(-1);
    const special = isRecord(edge) ? textMember(recordMember(edge, 'SpecialToken'), 'id') : null;
    return special !== null && ids.get(special) === id;
  }
  return false;
}

function processorsOf(tokenizer: JsonRecord): JsonRecord[] {
  const processor = recordMember(tokenizer, 'post_processor');
  if (processor === null) return [];
  const processors: unknown = processor.processors;
  return Array.isArray(processors) ? processors.filter(isRecord) : [processor];
}

/** A token as configurations name it: a text, or an object with one. */
function tokenText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return isRecord(value) ? textMember(value, 'content') : null;
}
