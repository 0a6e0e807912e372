import type { ErrorEntry } from '@samovar/contract/error-entry';
import { type ErrorCode, errorCatalogue } from '@samovar/contract/errors';

export type ErrorParams = Readonly<Record<string, string | number>>;

export interface SamovarErrorOptions {
  readonly params?: ErrorParams;
  /** The name of the request field at fault, as its surface spells it. */
  readonly field?: string;
  /** Seconds after which a retry may succeed. */
  readonly retryAfterSeconds?: number;
  /** Headers that go with the answer, for example `x-ratelimit-*`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The one error that crosses module borders. Surfaces map its code to their own body, once. */
export class SamovarError extends Error {
  override readonly name = 'SamovarError';
  readonly code: ErrorCode;
  readonly params: ErrorParams;
  readonly field: string | null;
  readonly retryAfterSeconds: number | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, options: SamovarErrorOptions = {}) {
    super(fill(errorCatalogue[code].message, options.params ?? {}), { cause: options.cause });
    this.code = code;
    this.params = options.params ?? {};
    this.field = options.field ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.headers = options.headers ?? {};
  }

  get entry(): ErrorEntry {
    return errorCatalogue[this.code];
  }

  /** What the reader can do about it, with the parameters filled in. */
  get remedy(): string {
    return fill(this.entry.remedy, this.params);
  }
}

/** Anything thrown becomes a SamovarError; what is not one of ours becomes `system.internal`, its text kept as cause. */
export function asSamovarError(thrown: unknown): SamovarError {
  return thrown instanceof SamovarError ? thrown : new SamovarError('system.internal', { cause: thrown });
}

function fill(template: string, params: ErrorParams): string {
  // A parameter at the end may be empty.
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)).trimEnd();
}
