/**
 * What Node is told before the script of a role. The garbage of an `api` process is short-lived: a young generation of
 * a fixed, modest size is collected in about a millisecond, by one thread, and keeps the process small: 128 MB idle, where
 * one of 16 MiB takes 138 to 157. What has grown old is marked in steps below a millisecond between requests: where the
 * process has one core, four threads that mark meanwhile leave its own thread a turn every 16 ms.
 */
export function nodeArguments(role: string): readonly string[] {
  return role === 'api'
    ? ['--max-semi-space-size=8', '--no-parallel-scavenge', '--no-concurrent-marking']
    : [];
}
