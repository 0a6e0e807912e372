/** Shorter values are words that stand in many texts, and no secrets. */
const leastCharacters = 6;

/**
 * What a foreign engine says, without the values of the headers that we authenticate by: some repeat them in their
 * errors, which callers and logs are shown. `headers`: names and values in turns.
 */
export function withoutSecrets(text: string, headers: readonly string[]): string {
  const values = headers.filter((_, index) => index % 2 === 1);
  return values
    .flatMap((value) => [value, value.slice(value.indexOf(' ') + 1)])
    .filter((secret) => secret.length >= leastCharacters)
    .sort((left, right) => right.length - left.length)
    .reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text);
}
