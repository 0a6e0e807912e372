import type { CheckAnswer, FindingAnswer, SpeedLevelAnswer } from './check-answers.ts';

/** A row for each feature that was asked about, and one for each failure. */
export function findingRows(findings: readonly FindingAnswer[]): string[][] {
  return findings.flatMap(({ feature, outcome, detail, failures }) => [
    [feature, outcome, failures.length > 0 ? (failures[0] ?? '') : detail],
    ...failures.slice(1).map((failure) => ['', '', failure]),
  ]);
}

/** Heads and rows of a measurement. */
export function speedTable(levels: readonly SpeedLevelAnswer[]): { heads: string[]; rows: string[][] } {
  const ofTexts = levels.some(({ textsPerSecond }) => textsPerSecond !== null);
  return {
    heads: [
      'at a time',
      'tokens/s',
      ofTexts ? 'texts/s' : 'tokens/s each',
      ofTexts ? 'vector after' : 'first token after',
      'slowest of 20',
      'failed',
    ],
    rows: levels.map((level) => [
      String(level.parallel),
      level.tokensPerSecond.toFixed(1),
      ((ofTexts ? level.textsPerSecond : level.tokensPerSecondEach) ?? 0).toFixed(1),
      `${Math.round(level.firstTokenMs.p50)} ms`,
      `${Math.round(level.firstTokenMs.p95)} ms`,
      String(level.failures),
    ]),
  };
}

/** What answered, in a line; empty where it is not known. */
export function setupLine({ setup }: CheckAnswer): string {
  if (setup === null) return '';
  const options = Object.entries(setup.options).map(([name, value]) => `${name} ${value}`);
  return [setup.engine, setup.hardware, ...options].join(', ');
}
