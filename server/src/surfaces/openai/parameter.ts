import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';

/**
 * How one request parameter is treated. A parameter that is `null` counts as not sent, whatever its treatment.
 *
 * - `honoured`: `schema` says what it takes.
 * - `accepted`: values of `schema` change nothing here and are named in `x-samovar-ignored`; others are refused.
 * - `refused`: refused by name, with `reason`.
 */
export type Parameter =
  | {
      readonly treatment: 'honoured';
      readonly schema: TSchema;
      readonly required?: true;
      readonly note: string;
      /** Not part of the published API, but sent by clients of open engines. */
      readonly extension?: true;
    }
  | {
      readonly treatment: 'accepted';
      readonly schema: TSchema;
      readonly note: string;
      /** Why other values are refused; absent where the schema takes every published value. */
      readonly reason?: string;
    }
  | { readonly treatment: 'refused'; readonly reason: string };

/** Every parameter of an endpoint by its name. */
export type ParameterTable = Readonly<Record<string, Parameter>>;

export interface CompiledParameter {
  readonly name: string;
  readonly parameter: Parameter;
  /** `null` for a parameter that is refused whatever its value. */
  readonly validator: Validator | null;
}

export interface CompiledTable {
  readonly parameters: ReadonlyMap<string, CompiledParameter>;
  readonly required: readonly string[];
}

/** Compiles the schemas of a table once, when the server starts. */
export function compileTable(table: ParameterTable): CompiledTable {
  const parameters = new Map<string, CompiledParameter>();
  const required: string[] = [];
  for (const [name, parameter] of Object.entries(table)) {
    const validator = parameter.treatment === 'refused' ? null : Compile(parameter.schema);
    parameters.set(name, { name, parameter, validator });
    if (parameter.treatment === 'honoured' && parameter.required) required.push(name);
  }
  return { parameters, required };
}
