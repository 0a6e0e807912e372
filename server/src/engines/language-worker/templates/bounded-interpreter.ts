import { type Environment, Interpreter } from '@huggingface/jinja';

/** A part of a parsed template, as far as it is looked at here. */
type Node =
  | { readonly type?: string; readonly filter?: unknown; readonly operator?: { readonly value?: unknown } }
  | undefined;

/** What a part of a template comes to. */
interface Made {
  readonly type?: string;
  readonly value: unknown;
}

/** What of the interpreter is used here; its package names its types in a way that Node's resolution does not find. */
interface TemplateInterpreter {
  run(program: unknown): { readonly value: unknown };
  evaluate(node: Node, environment: unknown): Made;
}

const UnboundedInterpreter: new (environment: Environment) => TemplateInterpreter = Interpreter;

/** What rendering one prompt may take. A conversation of a million characters takes a hundredth of it. */
export interface RenderLimits {
  /** Of the processor, as this thread has it: a busy machine makes no template slow. */
  readonly milliseconds: number;
  /** Of one text. */
  readonly characters: number;
  /** Of all lists that filters, calls and sums make together, and of each with all that is in it. */
  readonly items: number;
  /** Of all texts that filters and calls make together. */
  readonly madeCharacters: number;
}

const usualLimits: RenderLimits = {
  milliseconds: 3000,
  characters: 16 * 1024 * 1024,
  items: 8_000_000,
  madeCharacters: 256 * 1024 * 1024,
};

/** Pads and indents are repeated texts: one filter could fill the memory before anybody looks. */
const widestPadding = 1000;
const clockSteps = 64;
/** What an item takes beside its text. */
const charactersPerItem = 32;

/** A conversation with tools is ten deep. */
const deepest = 200;

const tooLong = 'it makes lists that are too long';

/** Thrown where a template takes more than it may. */
export class TemplateTooCostly extends Error {}

/** Runs a template, which is data of a stranger, within bounds of time and memory. One for each prompt. */
export class BoundedInterpreter extends UnboundedInterpreter {
  readonly #limits: RenderLimits;
  readonly #begunAt = process.threadCpuUsage();
  #steps = 0;
  #items = 0;
  #madeCharacters = 0;
  #namespaces = 0;
  /** Items of lists and objects with all that is in them, as they would be written out; none with a namespace in it. */
  readonly #sizes = new WeakMap<object, number>();

  constructor(environment: Environment, limits: RenderLimits = usualLimits) {
    super(environment);
    this.#limits = limits;
  }

  override evaluate(node: Node, environment: unknown): Made {
    this.#step();
    const type = node?.type;
    const isMaking = type === 'FilterExpression' || type === 'FilterStatement' || type === 'CallExpression';
    const isSum = type === 'BinaryExpression' && node?.operator?.value === '+';
    if (isMaking) this.#checkPadding(node, environment);
    const made = super.evaluate(node, environment);
    const { value } = made;
    if (typeof value === 'string') this.#checkText(value, isMaking);
    else if (Array.isArray(value) && (isMaking || isSum)) this.#checkList(value);
    this.#sizeOf(made, 0);
    return made;
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps % clockSteps !== 0) return;
    const { user, system } = process.threadCpuUsage(this.#begunAt);
    if (user + system > this.#limits.milliseconds * 1000)
      throw new TemplateTooCostly(`it takes longer than ${this.#limits.milliseconds / 1000} seconds`);
  }

  #checkText({ length }: string, isMade: boolean): void {
    if (isMade) this.#madeCharacters += length;
    if (length > this.#limits.characters || this.#madeCharacters > this.#limits.madeCharacters)
      throw new TemplateTooCostly('it makes texts that are too long');
  }

  #checkList({ length }: readonly unknown[]): void {
    this.#items += length;
    if (this.#items > this.#limits.items) throw new TemplateTooCostly(tooLong);
  }

  /**
   * Items that a value comes to when it is written out. What is in a namespace changes, and may be the namespace
   * itself: whatever has one in it is counted each time. Throws where it is too much, or deeper than `deepest`.
   */
  #sizeOf({ type, value }: Made, depth: number): number {
    if (typeof value === 'string') return 1 + value.length / charactersPerItem;
    const parts = partsOf(value);
    if (parts === null || typeof value !== 'object' || value === null) return 1;
    const known = this.#sizes.get(value);
    if (known !== undefined) return known;
    if (depth > deepest)
      throw new TemplateTooCostly('it makes values that are nested too deep, or refer to themselves');
    this.#step();
    if (type === 'NamespaceValue') this.#namespaces += 1;
    const namespaces = this.#namespaces;
    let size = 1;
    for (const part of parts) {
      size += this.#sizeOf(part, depth + 1);
      if (size > this.#limits.items) throw new TemplateTooCostly(tooLong);
    }
    if (type !== 'NamespaceValue' && this.#namespaces === namespaces) this.#sizes.set(value, size);
    return size;
  }

  /** Numbers that a filter is given are widths. */
  #checkPadding(node: Node, environment: unknown): void {
    for (const argument of filterArguments(node)) {
      const { value } = super.evaluate(argument, environment);
      if (typeof value === 'number' && !(Math.abs(value) <= widestPadding))
        throw new TemplateTooCostly(`it pads texts by ${value} characters`);
    }
  }
}

/** The arguments of `x | indent(…)` and `x | tojson(indent=…)`, those with names by their values. */
function filterArguments(node: Node): readonly Node[] {
  const filter = asRecord(node?.filter);
  const name = asRecord(filter?.callee)?.value;
  const given = filter?.args;
  if ((name !== 'indent' && name !== 'tojson') || !Array.isArray(given)) return [];
  return given.map((argument) => (argument.type === 'KeywordArgumentExpression' ? argument.value : argument));
}

function partsOf(value: unknown): Iterable<Made> | null {
  if (Array.isArray(value)) return value;
  return value instanceof Map ? value.values() : null;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}
