/**
 * What Node is told before the script of a role. The garbage of an `api` process is short-lived: a young generation of
 * a fixed, modest size is collected in a few milliseconds at most, by one thread, and seldom enough that what runs meanwhile
 * is not copied again and again; half of it costs a gRPC call a tenth more. What has grown old is marked in steps below
 * a millisecond between requests: where the process has one core, four threads that mark meanwhile leave its own thread
 * a turn every 16 ms. `--expose-gc` is for `collectStartGarbage`.
 */
export function nodeArguments(role: string): readonly string[] {
  return role === 'api'
    ? ['--max-semi-space-size=16', '--no-parallel-scavenge', '--no-concurrent-marking', '--expose-gc']
    : [];
}
