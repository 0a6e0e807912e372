/** Throws unless the key is segments of letters, digits, `.`, `_` and `-` that do not begin with a dot. */
export function checkObjectKey(key: string): void {
  if (!isObjectKey(key)) throw new Error(`${JSON.stringify(key)} is no object key`);
}

export function isObjectKey(key: string): boolean {
  return key.length <= 512 && /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/.test(key);
}
