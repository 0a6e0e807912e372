import { printLine } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import type { AliasAnswer, CanaryAnswer, SideAnswer, TargetAnswer } from './alias-answers.ts';

export function targetText({ model, version }: TargetAnswer): string {
  return version === null ? model : `${model}@${version}`;
}

/** `a 90 %, b 10 %`, or just `a`. */
export function sharesText(targets: readonly (TargetAnswer & { readonly weight: number })[]): string {
  const sum = targets.reduce((all, { weight }) => all + weight, 0);
  const [only] = targets;
  if (only && targets.length === 1) return targetText(only);
  return targets.map((one) => `${targetText(one)} ${percent(one.weight / sum)}`).join(', ');
}

/** Everything about one alias. */
export function showAlias(alias: AliasAnswer): void {
  const { deprecation, canary } = alias;
  printLine(
    `${alias.name}  ${alias.scope}, revision ${alias.revision}, moved ${alias.updatedAt.slice(0, 19)}`,
  );
  if (alias.description !== '') printLine(alias.description);
  if (deprecation !== null) {
    const sunset = deprecation.sunsetAt === null ? '' : `, gone from ${deprecation.sunsetAt.slice(0, 10)}`;
    const instead = deprecation.successor === null ? '' : `; use ${deprecation.successor}`;
    printLine(`deprecated since ${deprecation.deprecatedAt.slice(0, 10)}${sunset}${instead}`);
  }
  const sum = alias.targets.reduce((all, { weight }) => all + weight, 0);
  printTable(
    ['goes to', 'share', 'on', 'state', 'answers'],
    [
      ...alias.targets.map((one) => [
        targetText(one),
        percent(one.weight / sum),
        '',
        one.state,
        one.answeringVersion ?? '',
      ]),
      ...alias.fallbacks.map((one) => [
        targetText(one),
        'fallback',
        one.on.join(', '),
        one.state,
        one.answeringVersion ?? '',
      ]),
    ],
  );
  if (canary !== null) showCanary(canary);
}

function showCanary(canary: CanaryAnswer): void {
  const { steps, step, seen } = canary;
  const at = `step ${step + 1} of ${steps.length}, ${steps[step]?.percent ?? 100} %`;
  const reason = canary.reason === null ? '' : `: ${canary.reason}`;
  printLine(
    canary.state === 'running'
      ? `canary of ${targetText(canary.candidate)} runs: ${at}`
      : `last canary, of ${targetText(canary.candidate)}: ${canary.state} at ${at}${reason}`,
  );
  if (canary.state === 'running') printLine(`  ${quietText(canary)}`);
  if (seen !== null)
    printLine(
      `  stable: ${sideText(seen.stable)}; candidate: ${sideText(seen.candidate)} of ${canary.minRequests}`,
    );
}

const whenQuiet = {
  'roll-back': 'the candidate is taken back',
  advance: 'it goes on to the next step unjudged',
  stop: 'the canary ends and the shares stay',
} as const;

/** Until when a step waits to be judged, and what happens then. */
function quietText(canary: CanaryAnswer): string {
  const { maxWaitSeconds, minRequests, stepStartedAt, steps, step } = canary;
  if (maxWaitSeconds === null) return `the step waits until the candidate got ${minRequests} requests`;
  const seconds = (steps[step]?.holdSeconds ?? 0) + maxWaitSeconds;
  const until = new Date(Date.parse(stepStartedAt) + seconds * 1000).toISOString().slice(0, 19);
  return `without ${minRequests} requests to the candidate by ${until}, ${whenQuiet[canary.whenQuiet]}`;
}

function sideText({ requests, failed, firstByteP95Ms }: SideAnswer): string {
  const latency = firstByteP95Ms === null ? '' : `, first byte after ${Math.round(firstByteP95Ms)} ms (p95)`;
  return `${requests} requests, ${failed} failed${latency}`;
}

function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100} %`;
}
