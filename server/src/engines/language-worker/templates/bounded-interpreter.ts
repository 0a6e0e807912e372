import { type Environment, Interpreter } from '@huggingface/jinja';

/** A part of a parsed template, as far as it is looked at here. */
type Node = { readonly type?: string; readonly filter?: unknown } | undefined;

/** What of the interpreter is used here; its package names its types in a way that Node's resolution does not find. */
interface TemplateInterpreter {
  run(program: unknown): { readonly value: unknown };
  evaluate(node: Node, environment: unknown): { readonly value: unknown };
}

const UnboundedInterpreter: new (environment: Environment) => TemplateInterpreter = Interpreter;

/** What rendering one prompt may take. A conversation of a million characters takes a hundredth of it. */
export interface RenderLimits {
  readonly milliseconds: number;
  /** Of one text. */
  readonly characters: number;
  /** Of all lists that filters and calls make together. */
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

/** Thrown where a template takes more than it may. */
export class TemplateTooCostly extends Error {}

/** Runs a template, which is data of a stranger, within bounds of time and memory. One for each prompt. */
export class BoundedInterpreter extends UnboundedInterpreter {
  readonly #limits: RenderLimits;
  readonly #deadline: number;
  #steps = 0;
  #items = 0;
  #madeCharacters = 0;

  constructor(environment: Environment, limits: RenderLimits = usualLimits) {
    super(environment);
    this.#limits = limits;
    this.#deadline = performance.now() + limits.milliseconds;
  }

  override evaluate(node: Node, environment: unknown): { readonly value: unknown } {
    this.#steps += 1;
    if (this.#steps % clockSteps === 0 && performance.now() > this.#deadline)
      throw new TemplateTooCostly(`it takes longer than ${this.#limits.milliseconds / 1000} seconds`);
    const type = node?.type;
    const isMaking = type === 'FilterExpression' || type === 'FilterStatement' || type === 'CallExpression';
    if (isMaking) this.#checkPadding(node, environment);
    const made = super.evaluate(node, environment);
    const { value } = made;
    if (typeof value === 'string') this.#checkText(value, isMaking);
    else if (Array.isArray(value) && isMaking) this.#checkList(value);
    return made;
  }

  #checkText({ length }: string, isMade: boolean): void {
    if (isMade) this.#madeCharacters += length;
    if (length > this.#limits.characters || this.#madeCharacters > this.#limits.madeCharacters)
      throw new TemplateTooCostly('it makes texts that are too long');
  }

  #checkList({ length }: readonly unknown[]): void {
    this.#items += length;
    if (this.#items > this.#limits.items) throw new TemplateTooCostly('it makes lists that are too long');
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

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}
