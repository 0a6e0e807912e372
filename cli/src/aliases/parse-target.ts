import { InvalidArgumentError } from 'commander';

export interface NamedTarget {
  readonly model: string;
  readonly version?: string;
}

export interface WeightedTarget extends NamedTarget {
  readonly weight?: number;
}

export interface NamedFallback extends NamedTarget {
  readonly on?: readonly string[];
}

/** `model`, `model@ver_…`, or `model@current`: the version that answers now. */
export function parseTarget(text: string): NamedTarget {
  const [, model, version] = /^(.*)@(ver_[0-9a-f]+|current)$/.exec(text) ?? ['', text];
  if (model === undefined || model === '') throw new InvalidArgumentError('A model is missing.');
  return version === undefined ? { model } : { model, version };
}

/** `model`, `model=90` or `model@ver_…=90`. */
export function parseWeightedTarget(text: string, before: readonly WeightedTarget[] = []): WeightedTarget[] {
  const [named, weight] = parted(text);
  if (weight === null) return [...before, parseTarget(named)];
  if (!/^\d{1,7}$/.test(weight)) throw new InvalidArgumentError('A weight is a whole number from 0 on.');
  return [...before, { ...parseTarget(named), weight: Number(weight) }];
}

/** `model`, or `model=overloaded,timeout`: the errors that it serves. */
export function parseFallback(text: string, before: readonly NamedFallback[] = []): NamedFallback[] {
  const [named, kinds] = parted(text);
  return [...before, kinds === null ? parseTarget(named) : { ...parseTarget(named), on: kinds.split(',') }];
}

/** `1:10m,10:600s,100:1h`: percent and how long it is held. */
export function parseSteps(text: string): { percent: number; holdSeconds: number }[] {
  return text.split(',').map((part) => {
    const [, percent, count, unit] = /^(\d+(?:\.\d+)?)%?:(\d+)([smhd])$/.exec(part.trim()) ?? [];
    if (percent === undefined || unit === undefined)
      throw new InvalidArgumentError('Steps are written as `1:10m,10:10m,100:1m`.');
    return { percent: Number(percent), holdSeconds: Number(count) * (secondsOf[unit] ?? 1) };
  });
}

/** `30m`, `24h`, in seconds; `forever` stays as it is: what parses options takes `null` for no value. */
export function parseWait(text: string): number | 'forever' {
  if (text === 'forever') return text;
  const [, count, unit] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined)
    throw new InvalidArgumentError('A time is written as `30m` or `24h`, or is `forever`.');
  return Number(count) * (secondsOf[unit] ?? 1);
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function parted(text: string): [string, string | null] {
  const at = text.lastIndexOf('=');
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}
