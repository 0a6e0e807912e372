import type { GgufValue } from '../../gguf/gguf-value.ts';
import { number, truth } from '../../gguf/make-value.ts';
import { isRecord, type JsonRecord, recordMember, textMember } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';
import type { HubTokenizer } from './hub-tokenizer.ts';
import { type TokenRole, tokenRoles } from './token-roles.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A tokenizer, and where its tokens have come to stand. */
interface PlacedTokenizer {
  readonly files: HubTokenizer;
  readonly ids: ReadonlyMap<string, number>;
  /** Of the kind whose vocabularies have the same names everywhere. */
  readonly isWordPiece: boolean;
}

/** Encoders begin and end a text with what has another name there. */
const standIns: Partial<Record<TokenRole, TokenRole>> = { bos: 'cls', eos: 'sep' };

const needed = ['cls', 'sep', 'unk'] as const;

/**
 * Which tokens have roles, and which of them stand around each text. A number that no token has is nobody's role. Throws
 * `model.refused` for a WordPiece vocabulary without a token that the engine needs.
 */
export function specialMetadata(
  files: HubTokenizer,
  { ids, tokens }: Pick<Vocabulary, 'ids' | 'tokens'>,
  isWordPiece: boolean,
): [string, GgufValue][] {
  const placed: PlacedTokenizer = { files, ids, isWordPiece };
  const entries: [string, GgufValue][] = [];
  for (const { hub, gguf } of tokenRoles) {
    const id = specialId(placed, hub);
    if (id !== null && id >= 0 && id < tokens.length)
      entries.push([`tokenizer.ggml.${gguf}_token_id`, number(id)]);
  }
  if (isWordPiece) {
    // The engine puts every text between two of them, and takes numbers of its own where none are named.
    const missing = needed.find((role) => specialId(placed, role) === null);
    if (missing !== undefined) throw refusal(`its tokenizer names no ${missing}_token`);
    return entries;
  }
  for (const role of ['bos', 'eos'] as const)
    entries.push([`tokenizer.ggml.add_${role}_token`, truth(addsSpecial(placed, role))]);
  return entries;
}

function specialId(placed: PlacedTokenizer, role: TokenRole): number | null {
  const { files, ids } = placed;
  const stated = tokenText(files.config?.[`${role}_token`]) ?? usualName(placed, role);
  const found = stated === null ? undefined : ids.get(stated);
  if (found !== undefined) return found;
  for (const source of [files.model, files.generation]) {
    const id: unknown = source?.[`${role}_token_id`];
    const [first]: unknown[] = Array.isArray(id) ? id : [id];
    if (typeof first === 'number') return first;
  }
  const standIn = standIns[role];
  return standIn === undefined ? null : specialId(placed, standIn);
}

function usualName({ ids, isWordPiece }: PlacedTokenizer, role: TokenRole): string | null {
  const usual = `[${role.toUpperCase()}]`;
  return isWordPiece && ids.has(usual) ? usual : null;
}

function addsSpecial(placed: PlacedTokenizer, role: 'bos' | 'eos'): boolean {
  const { files, ids } = placed;
  const stated = files.config?.[`add_${role}_token`];
  if (typeof stated === 'boolean') return stated;
  const id = specialId(placed, role);
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
