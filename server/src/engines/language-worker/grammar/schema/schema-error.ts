import { SamovarError } from '../../../../kernel/errors.ts';

/**
 * `forbidden`: the schema says that nothing may stand there, which is fine where nothing must.
 * `impossible`: the schema contradicts itself.
 */
type SchemaErrorKind = 'forbidden' | 'impossible' | 'unsupported';

/** Why a schema cannot be honoured, with the place of the keyword; becomes `request.invalid` at the border. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  /** JSON pointer of the keyword inside the schema. */
  readonly pointer: string;
  readonly kind: SchemaErrorKind;

  constructor(kind: SchemaErrorKind, pointer: string, reason: string) {
    super(reason);
    this.kind = kind;
    this.pointer = pointer;
  }
}

export function unsupported(pointer: string, reason: string): SchemaError {
  return new SchemaError('unsupported', pointer, reason);
}

export function forbidden(pointer: string): SchemaError {
  return new SchemaError('forbidden', pointer, 'nothing is allowed here');
}

export function impossible(pointer: string, reason: string): SchemaError {
  return new SchemaError('impossible', pointer, reason);
}

/** The public error: the parameter's name goes on with the way to the keyword. */
export function publicSchemaError(error: SchemaError, parameter: string): SamovarError {
  const path = error.pointer
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
  return new SamovarError('request.invalid', {
    params: { parameter: parameter + path, reason: error.message },
    field: parameter,
    cause: error,
  });
}

/** Runs it; where nothing is allowed, gives `null`. */
export function unlessForbidden<T>(compile: () => T): T | null {
  try {
    return compile();
  } catch (error) {
    if (error instanceof SchemaError && error.kind === 'forbidden') return null;
    throw error;
  }
}
