import type { SchemeSource } from './scheme-source.ts';

/** A source that is made when it is first used. */
export function createLateSource(make: () => Promise<SchemeSource>): SchemeSource {
  let made: Promise<SchemeSource> | null = null;
  const source = (): Promise<SchemeSource> => {
    made ??= make();
    return made;
  };
  return {
    resolve: async (...request) => await (await source()).resolve(...request),
    fetch: async (...request) => await (await source()).fetch(...request),
    async close() {
      await (await made)?.close?.();
    },
  };
}
