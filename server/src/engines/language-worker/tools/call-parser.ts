import type { AnswerPart, ToolCallParser } from './answer-part.ts';
import type { CallFormat } from './call-format.ts';
import { createJsonCallScanner, type JsonCallScanner } from './json-call-scanner.ts';
import { createPartCollector } from './part-collector.ts';

/**
 * `text`: the answer, in which the marker may come. `lead`: behind the marker (or at the beginning, where calls may
 * stand alone). `call`: inside a call. `follow`: behind a call.
 */
type Mode = 'text' | 'lead' | 'call' | 'follow';

/** The tools that may be called, and whether the answer must consist of calls. */
export interface CallableTools {
  readonly names: ReadonlySet<string>;
  readonly forced: boolean;
}

/** A call as newer models of Mistral write it: the name in front of the arguments. */
const named = /^([\w-]{1,64})(?:\[ARGS\])?\{$/;
const namedPart = /^[\w-]{1,64}(?:\[(?:A(?:R(?:G(?:S\]?)?)?)?)?)?$/;

/**
 * Reads calls out of generated text, character by character, so that it does not matter where it is cut.
 * What does not become a call of a known tool stays text.
 */
export function createCallParser(
  format: CallFormat,
  tools: CallableTools,
  newCallId: () => string,
): ToolCallParser {
  const toolNames = tools.names;
  const { marker, close, bare, before, behind } = format;
  const parts = createPartCollector(newCallId);
  let mode: Mode = bare ? 'lead' : 'text';
  /** Read but not given out: it may turn out to belong to a call. */
  let held = '';
  /** The part of it behind the marker, or behind a call. */
  let lead = '';
  let scanner: JsonCallScanner = createJsonCallScanner();
  let started = false;
  let isNamed = false;

  /** Nothing of what is held is a call; only what stands behind its first character may still become one. */
  const giveUp = () => {
    const [first = '', ...rest] = held;
    held = '';
    mode = 'text';
    parts.text(first);
    for (const character of rest) read(character);
  };
  const enter = (next: Mode) => {
    mode = next;
    lead = '';
  };
  const beginCall = (opening: string, nameInFront: boolean) => {
    scanner = createJsonCallScanner();
    started = false;
    isNamed = nameInFront;
    mode = 'call';
    for (const character of opening) scan(character);
  };

  const readText = (character: string) => {
    held += character;
    for (;;) {
      const word = held.trimStart();
      if (word === marker) return enter('lead');
      if (marker.startsWith(word)) return;
      parts.text(held.charAt(0));
      held = held.slice(1);
    }
  };
  const readLead = (character: string) => {
    held += character;
    lead += character;
    const word = lead.replace(before, '');
    if (word === '{') return beginCall('{', false);
    if (bare && word === marker) return enter('lead');
    if (word === '' || (bare && marker.startsWith(word))) return;
    const name = named.exec(word)?.[1];
    if (name !== undefined && toolNames.has(name)) {
      return beginCall(`{"name":${JSON.stringify(name)},"arguments":{`, true);
    }
    if (close !== '' || bare || !namedPart.test(word)) giveUp();
  };
  const readFollow = (character: string) => {
    held += character;
    const word = held.replace(behind, '');
    if (word === '{' && close === '') return beginCall('{', false);
    if (word === marker) return enter('lead');
    if (word === close && close !== '') {
      held = '';
      return enter('text');
    }
    if (!marker.startsWith(word) && !(close !== '' && close.startsWith(word))) giveUp();
  };

  const readCall = (character: string) => {
    if (!started) held += character;
    scan(character);
  };
  const scan = (character: string) => {
    const { name, argumentsDelta, argumentsEnded, ended } = scanner.push(character);
    if (name !== undefined) {
      if (!toolNames.has(name)) return giveUp();
      parts.callStart(name);
      started = true;
      held = '';
    }
    if (argumentsDelta !== undefined) parts.callArguments(argumentsDelta);
    if (ended === undefined && !(isNamed && argumentsEnded)) return;
    if (!started) return giveUp();
    held = ended === 'malformed' ? character : '';
    enter('follow');
  };

  const read = (character: string): void => {
    if (mode === 'text') readText(character);
    else if (mode === 'lead') readLead(character);
    else if (mode === 'call') readCall(character);
    else readFollow(character);
  };

  const finish = () => {
    // White space and separators behind the last call belong to it.
    if (parts.calls() === 0 || held.replace(behind, '') !== '') parts.text(held);
    held = '';
    return parts.take();
  };
  return {
    push(text): AnswerPart[] {
      for (const character of text) read(character);
      return parts.take();
    },
    finish,
    cutOff() {
      // What is held is the beginning of a call that nobody can make any more.
      if (tools.forced || parts.calls() > 0) held = '';
      return finish();
    },
  };
}
