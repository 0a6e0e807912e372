import { InvalidArgumentError } from 'commander';

/** A whole number of at least one. */
export function positiveCount(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

/** A number of at least zero. */
export function quantity(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number from 0 on.');
  return value;
}

/** An option that may be given several times. */
export function collected(text: string, before: readonly string[] | undefined): readonly string[] {
  const parts = text.split(',');
  // `a,,b` may be a slip or a label that is missing: nobody is asked to guess.
  if (parts.some((part) => part.trim() === ''))
    throw new InvalidArgumentError('An entry of the list is empty.');
  return [...(before ?? []), ...parts];
}

/** `30d`, `12h` from now, or a date or time, as RFC 3339. */
export function futureTime(text: string): string {
  const span = /^(\d+)([dh])$/.exec(text);
  const time = span
    ? new Date(Date.now() + Number(span[1]) * (span[2] === 'd' ? 86_400_000 : 3_600_000))
    : new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError('It must be a span (30d, 12h), a date or a time.');
  if (time.getTime() <= Date.now()) throw new InvalidArgumentError('It must be in the future.');
  return time.toISOString();
}
