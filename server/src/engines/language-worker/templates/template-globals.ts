/** A template's own complaint (`raise_exception`), told apart from a failure of the template engine. */
export class TemplateComplaint extends Error {}

/** The functions and constants that chat templates expect, as the reference implementation in Python gives them. */
export function templateGlobals(now: () => Date): Record<string, unknown> {
  return {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    raise_exception: (reason: unknown) => {
      throw new TemplateComplaint(String(reason));
    },
    strftime_now: (format: string) => formatTime(now(), format),
  };
}

const maxRangeItems = 100_000;

/** Python's `range`, bounded: a template is data and must not fill the memory. */
function range(first: number, end?: number, step = 1): number[] {
  const [from, to] = end === undefined ? [0, first] : [first, end];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= maxRangeItems)) throw new RangeError('range() of a chat template is too long');
  return Array.from({ length: count }, (_, index) => from + index * step);
}

/** The directives of Python's `strftime` that prompts use, in English whatever the locale of the machine is. */
function formatTime(time: Date, format: string): string {
  const name = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-US', options).format(time);
  const padded = (value: number) => String(value).padStart(2, '0');
  const directives: Record<string, () => string> = {
    Y: () => String(time.getFullYear()),
    y: () => padded(time.getFullYear() % 100),
    m: () => padded(time.getMonth() + 1),
    d: () => padded(time.getDate()),
    H: () => padded(time.getHours()),
    I: () => padded(time.getHours() % 12 || 12),
    M: () => padded(time.getMinutes()),
    S: () => padded(time.getSeconds()),
    p: () => (time.getHours() < 12 ? 'AM' : 'PM'),
    b: () => name({ month: 'short' }),
    B: () => name({ month: 'long' }),
    a: () => name({ weekday: 'short' }),
    A: () => name({ weekday: 'long' }),
    '%': () => '%',
  };
  return format.replace(/%(.)/g, (whole, directive: string) => directives[directive]?.() ?? whole);
}
