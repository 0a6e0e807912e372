import type { ModelManifest } from '@samovar/contract/worker-protocol';

/** How calls stand in the text of a family of models. */
export interface CallFormat {
  /** The text that announces calls. */
  readonly marker: string;
  /** The text behind a call; empty when there is none. */
  readonly close: string;
  /** What may stand between the marker and a call. */
  readonly before: RegExp;
  /** What may stand behind a call. */
  readonly behind: RegExp;
  /** Calls may also stand alone, as a JSON object at the beginning of the answer. */
  readonly bare: boolean;
  readonly argumentsKey: 'arguments' | 'parameters';
}

export type CallingFamily = Exclude<ModelManifest['toolCalls'], 'none'>;

const tagged: CallFormat = {
  marker: '<tool_call>',
  close: '</tool_call>',
  before: /^\s*/,
  behind: /^\s*/,
  bare: false,
  argumentsKey: 'arguments',
};

/** `grammar`: templates without tools are told the Hermes form in the system message. */
export const callFormats: Readonly<Record<CallingFamily, CallFormat>> = {
  hermes: tagged,
  grammar: tagged,
  llama3: {
    marker: '<|python_tag|>',
    close: '',
    before: /^[\s;]*/,
    behind: /^[\s;]*/,
    bare: true,
    argumentsKey: 'parameters',
  },
  mistral: {
    marker: '[TOOL_CALLS]',
    close: '',
    before: /^[\s,[]*/,
    behind: /^[\s,\]]*/,
    bare: false,
    argumentsKey: 'arguments',
  },
};
