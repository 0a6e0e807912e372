/** What a scanned character told. */
interface CallScan {
  /** Set once, when the name is known. */
  readonly name?: string;
  /** Raw JSON of the arguments, in pieces; only after the name. */
  readonly argumentsDelta?: string;
  readonly argumentsEnded?: true;
  readonly ended?: 'complete' | 'malformed';
}

/** Reads one `{"name": …, "arguments": {…}}` character by character. */
export interface JsonCallScanner {
  push(character: string): CallScan;
}

type Place = 'open' | 'key' | 'colon' | 'value' | 'inside' | 'comma';

const blank = /^[ \t\r\n]$/;
const argumentKeys = new Set(['arguments', 'parameters']);

/** A scanner for one call, which begins at its opening brace. */
export function createJsonCallScanner(): JsonCallScanner {
  let place: Place = 'open';
  let token = '';
  let key = '';
  let depth = 0;
  let text: 'none' | 'inside' | 'escaped' = 'none';
  let name: string | null = null;
  let hasArguments = false;
  /** Arguments that came before the name. */
  let waiting = '';

  const malformed: CallScan = { ended: 'malformed' };
  const next = (to: Place): CallScan => {
    place = to;
    token = '';
    return {};
  };

  const scanString = (character: string): boolean => {
    token += character;
    if (text === 'escaped') text = 'inside';
    else if (character === '\\') text = 'escaped';
    else if (character === '"') text = 'none';
    return text === 'none';
  };

  const endValue = (): CallScan => {
    const raw = token;
    const isObject = raw.startsWith('{');
    next('comma');
    if (key === 'name') return endName(raw);
    if (!argumentKeys.has(key)) return {};
    if (isObject) return { argumentsEnded: true };
    // Some models write the arguments as a text that holds JSON, or null for none.
    const parsed = parse(raw);
    return handArguments(typeof parsed === 'string' ? parsed : parsed === null ? '{}' : raw);
  };
  const endName = (raw: string): CallScan => {
    const parsed = parse(raw);
    if (typeof parsed !== 'string' || name !== null) return malformed;
    name = parsed;
    const argumentsDelta = waiting;
    return { name, ...(argumentsDelta ? { argumentsDelta } : {}) };
  };
  const handArguments = (delta: string): CallScan => {
    hasArguments = true;
    if (name !== null) return { argumentsDelta: delta };
    waiting += delta;
    return {};
  };
  const end = (): CallScan => {
    if (name === null) return malformed;
    return hasArguments ? { ended: 'complete' } : { argumentsDelta: '{}', ended: 'complete' };
  };

  const beginValue = (character: string): CallScan => {
    if (blank.test(character)) return {};
    if (!/^["{[\-0-9tfn]$/.test(character)) return malformed;
    if (argumentKeys.has(key) && hasArguments) return malformed;
    place = 'inside';
    token = character;
    depth = character === '{' || character === '[' ? 1 : 0;
    text = character === '"' ? 'inside' : 'none';
    return argumentKeys.has(key) && character === '{' ? handArguments(character) : {};
  };

  /** Takes a character of a value and tells whether the value, unless it is a bare word, ends with it. */
  const closesValue = (character: string): boolean => {
    if (text !== 'none') return scanString(character) && depth === 0;
    token += character;
    if (character === '"') text = 'inside';
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    return depth === 0 && text === 'none';
  };
  const insideValue = (character: string): CallScan => {
    const isWord = text === 'none' && depth === 0;
    if (isWord && /^[,}\s]$/.test(character)) return { ...endValue(), ...scan(character) };
    if (isWord) {
      token += character;
      return {};
    }
    const streamed = argumentKeys.has(key) && token.startsWith('{');
    const closed = closesValue(character);
    const handed = streamed ? handArguments(character) : {};
    return closed ? { ...handed, ...endValue() } : handed;
  };

  const scanKey = (character: string): CallScan => {
    if (token !== '') {
      if (!scanString(character)) return {};
      key = String(parse(token));
      return next('colon');
    }
    if (blank.test(character)) return {};
    if (character === '}') return end();
    if (character !== '"') return malformed;
    token = character;
    text = 'inside';
    return {};
  };
  const scanPunctuation = (character: string, following: Readonly<Record<string, Place>>): CallScan => {
    if (blank.test(character)) return {};
    const to = following[character];
    return to === undefined ? malformed : next(to);
  };

  const scan = (character: string): CallScan => {
    switch (place) {
      case 'open':
        return scanPunctuation(character, { '{': 'key' });
      case 'key':
        return scanKey(character);
      case 'colon':
        return scanPunctuation(character, { ':': 'value' });
      case 'value':
        return beginValue(character);
      case 'inside':
        return insideValue(character);
      case 'comma':
        return character === '}' ? end() : scanPunctuation(character, { ',': 'key' });
    }
  };
  return { push: scan };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
