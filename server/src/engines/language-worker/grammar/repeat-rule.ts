import type { GrammarRules } from './grammar-rules.ts';

/** llama.cpp refuses a repetition of more than 2,000 and takes a larger upper bound for none at all. */
const direct = 500;
const block = 100;
/** No answer is this long: every context ends before. A larger upper bound is as good as none. */
const endless = 10_000_000;

/** An expression for `min` to `max` (or any number) of a rule; large counts are built from blocks of blocks. */
export function repeatRule(rules: GrammarRules, rule: string, min: number, max: number | null): string {
  if (max === null || max > endless) return `${exactly(rules, rule, min)} ${rule}*`.trim();
  if (max <= direct) return bounded(rule, min, max);
  return `${exactly(rules, rule, min)} ${upTo(rules, rule, max - min)}`.trim();
}

function bounded(rule: string, min: number, max: number): string {
  if (max === 0) return '';
  if (min === max) return min === 1 ? rule : `${rule}{${min}}`;
  return min === 0 && max === 1 ? `${rule}?` : `${rule}{${min},${max}}`;
}

function exactly(rules: GrammarRules, rule: string, count: number): string {
  if (count <= direct) return bounded(rule, count, count);
  const blocks = rules.add('block', `${rule}{${block}}`);
  return `${exactly(rules, blocks, Math.floor(count / block))} ${bounded(rule, count % block, count % block)}`.trim();
}

/** Either whole blocks and then less than a block, or all the blocks and then up to the rest. */
function upTo(rules: GrammarRules, rule: string, count: number): string {
  if (count <= direct) return bounded(rule, 0, count);
  const blocks = rules.add('block', `${rule}{${block}}`);
  const full = Math.floor(count / block);
  const short = rules.add('part', bounded(rule, 0, block - 1));
  const rest = bounded(rule, 0, count % block);
  return `( ${upTo(rules, blocks, full - 1)} ${short} | ${exactly(rules, blocks, full)} ${rest} )`;
}
