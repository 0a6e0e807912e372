import { invalidField } from '../request-error.ts';

/** Throws `request.invalid` for what is no name of a function, by the rule of every surface. */
export function checkFunctionName(name: string, field: string): void {
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name))
    throw invalidField(field, 'it must be 1 to 64 letters, digits, _ or -');
}
