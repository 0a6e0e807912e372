/** A document that says by its `schema` that it is written for Samovar: a manifest, or what to make of models. */
export interface Declaration {
  readonly schema: string;
  readonly [field: string]: unknown;
}

/**
 * Whether a document is one, also of a schema that is not known: a slip of the pen is to be refused, and not to be
 * passed over like a file of another program.
 */
export function isDeclaration(document: unknown): document is Declaration {
  return (
    typeof document === 'object' &&
    document !== null &&
    'schema' in document &&
    typeof document.schema === 'string' &&
    document.schema.startsWith('samovar.')
  );
}
