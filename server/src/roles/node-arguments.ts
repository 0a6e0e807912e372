/**
 * What Node is told before the script of a role. The garbage of an `api` process is short-lived: a young generation of
 * a fixed, modest size is collected in about a millisecond and keeps the process small (left alone it grows to 64 MiB
 * twice), and one thread does that sooner than several can be woken for it.
 */
export function nodeArguments(role: string): readonly string[] {
  return role === 'api' ? ['--max-semi-space-size=8', '--no-parallel-scavenge'] : [];
}
