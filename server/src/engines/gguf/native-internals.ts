/**
 * A part of node-llama-cpp that the package keeps internal, looked up by name and checked: an update that moves it
 * fails at loading, with a sentence.
 */
export function nativeInternal<T extends object>(
  owner: object,
  name: string,
  methods: readonly (keyof T)[],
): T {
  const value: unknown = Reflect.get(owner, name);
  if (!hasMethods<T>(value, methods))
    throw new Error(`node-llama-cpp no longer has the internal \`${name}\` that this release was built for`);
  return value;
}

function hasMethods<T extends object>(value: unknown, methods: readonly (keyof T)[]): value is T {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return methods.every((method) => typeof Reflect.get(value, method) === 'function');
}
