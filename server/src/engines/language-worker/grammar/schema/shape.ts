import type { Conjunction, LocatedSchema } from './located-schema.ts';

export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

/** A limit and the place where it was set. */
export interface Bound {
  readonly value: number;
  readonly pointer: string;
}

export interface NumberShape {
  integer: boolean;
  min: (Bound & { readonly exclusive: boolean }) | null;
  max: (Bound & { readonly exclusive: boolean }) | null;
  multiples: Bound[];
}

export interface StringShape {
  minLength: Bound | null;
  maxLength: Bound | null;
  patterns: { readonly pattern: string; readonly pointer: string }[];
  formats: { readonly format: string; readonly pointer: string }[];
}

/** One array schema's say about items; a conjunction has several. */
interface ItemsShape {
  readonly prefix: readonly LocatedSchema[];
  /** `undefined`: nothing is said. */
  readonly rest: LocatedSchema | undefined;
}

export interface ArrayShape {
  items: ItemsShape[];
  minItems: Bound | null;
  maxItems: Bound | null;
}

/** One object schema's say about properties. */
export interface PropertiesShape {
  readonly properties: ReadonlyMap<string, LocatedSchema>;
  readonly patterns: readonly { readonly pattern: string; readonly schema: LocatedSchema }[];
  /** `undefined`: nothing is said. */
  readonly additional: LocatedSchema | undefined;
}

export interface ObjectShape {
  properties: PropertiesShape[];
  required: Map<string, string>;
  names: LocatedSchema[];
  minProperties: Bound | null;
  maxProperties: Bound | null;
}

export interface Alternatives {
  readonly keyword: 'anyOf' | 'oneOf';
  readonly branches: readonly LocatedSchema[];
  readonly source: LocatedSchema;
}

/** What a conjunction of schemas says, folded into one. */
export interface Shape {
  /** The first schema's place, for errors about the whole. */
  readonly pointer: string;
  types: Set<JsonType>;
  /** Allowed values, when they are listed. */
  values: { readonly values: readonly unknown[]; readonly pointer: string } | null;
  number: NumberShape;
  string: StringShape;
  array: ArrayShape;
  object: ObjectShape;
  alternatives: Alternatives[];
  /** The same schemas without references and without alternatives. */
  own: Conjunction;
}
