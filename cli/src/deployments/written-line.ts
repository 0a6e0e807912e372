/** Numbers of the log's levels (pino). */
const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** A line of a worker for people: a record of our log as time, level and sentence, anything else as it was written. */
export function writtenLine({ at, line }: { readonly at: string; readonly line: string }): string {
  const time = at.slice(0, 23).replace('T', ' ');
  const record = recordOf(line);
  if (record === null) return `${time}  ${line}`;
  const { msg, level, err, error } = record;
  const fault = messageOf(err) ?? messageOf(error);
  return `${time}  ${(levels[Number(level)] ?? String(level)).padEnd(5)}  ${String(msg)}${fault === null ? '' : `: ${fault}`}`;
}

function recordOf(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null && 'msg' in record ? { ...record } : null;
  } catch {
    // A line that only looks like one.
    return null;
  }
}

function messageOf(fault: unknown): string | null {
  if (typeof fault === 'string') return fault;
  if (typeof fault === 'object' && fault !== null && 'message' in fault) return String(fault.message);
  return null;
}
