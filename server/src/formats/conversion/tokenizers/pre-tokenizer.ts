import { isRecord, type JsonRecord, recordMember, textMember } from '../../json-value.ts';

/** The expression that splits a text of the Llama 3 family, up to how many digits stand together. */
const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const words = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const behindDigits = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const caseWords = (end: string) =>
  String.raw`[^\r\n\p{L}\p{N}]?${upper}*${lower}+${end}|[^\r\n\p{L}\p{N}]?${upper}+${lower}*${end}`;
const behindCaseWords = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** Names that llama.cpp gives to expressions (`llama_vocab_pre_type`). */
const byExpression: ReadonlyMap<string, string> = new Map([
  [String.raw`${contractions}|${words}|\p{N}{1,3}|${behindDigits}`, 'llama-bpe'],
  [String.raw`${contractions}|${words}|\p{N}|${behindDigits}`, 'qwen2'],
  [String.raw`${caseWords('')}|\p{N}|${behindCaseWords}`, 'tekken'],
  [String.raw`${caseWords("(?i:'s|'t|'re|'ve|'m|'ll|'d)?")}|\p{N}{1,3}|${behindCaseWords}`, 'gpt-4o'],
]);

/**
 * What llama.cpp calls the way in which a byte-level tokenizer splits texts before it looks for tokens, told from its
 * `tokenizer.json`; `null` for a way that has no name there. Told from the rule and not from the tokens, so a
 * vocabulary that was trained anew has one too.
 */
export function preTokenizerName(tokenizer: JsonRecord): string | null {
  const steps = stepsOf(recordMember(tokenizer, 'pre_tokenizer'));
  const last = steps.at(-1);
  if (last === undefined || textMember(last, 'type') !== 'ByteLevel' || last.add_prefix_space === true)
    return null;
  const before = steps.slice(0, -1);
  const [first] = before;
  if (first === undefined) return last.use_regex === false ? null : 'gpt-2';
  if (before.length > 1) return null;
  if (textMember(first, 'type') === 'Digits')
    return first.individual_digits === true && last.use_regex !== false ? 'smollm' : null;
  if (textMember(first, 'type') !== 'Split' || last.use_regex !== false) return null;
  const pattern = recordMember(first, 'pattern');
  return byExpression.get(textMember(pattern, 'Regex') ?? '') ?? null;
}

/** The `pre_tokenizer` of a `tokenizer.json` for a name; `null` for a name whose rule is not known here. */
export function preTokenizerOf(name: string): JsonRecord | null {
  const byteLevel = (useRegex: boolean) => ({
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: useRegex,
  });
  if (name === 'gpt-2') return byteLevel(true);
  if (name === 'smollm') return sequence([{ type: 'Digits', individual_digits: true }, byteLevel(true)]);
  const found = [...byExpression].find(([, each]) => each === name);
  if (found === undefined) return null;
  const split = { type: 'Split', pattern: { Regex: found[0] }, behavior: 'Isolated', invert: false };
  return sequence([split, byteLevel(false)]);
}

function sequence(pretokenizers: readonly JsonRecord[]): JsonRecord {
  return { type: 'Sequence', pretokenizers };
}

function stepsOf(preTokenizer: JsonRecord | null): JsonRecord[] {
  if (preTokenizer === null) return [];
  if (textMember(preTokenizer, 'type') !== 'Sequence') return [preTokenizer];
  const steps: unknown = preTokenizer.pretokenizers;
  return Array.isArray(steps) ? steps.filter(isRecord) : [];
}
