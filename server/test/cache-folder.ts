import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where tests keep what they fetch, between runs too. */
export function testCacheFolder(): string {
  return process.env.SAMOVAR_TEST_CACHE || join(homedir(), '.cache', 'samovar-test');
}
