import { startTestPostgres } from '../../server/test/embedded-postgres.ts';

/** What test processes share. */
export interface TestServices {
  stop(): Promise<void>;
}

/** Starts one PostgreSQL for the whole run, unless SAMOVAR_TEST_POSTGRES_URL names one already. */
export async function startTestServices(): Promise<TestServices> {
  if (process.env.SAMOVAR_TEST_POSTGRES_URL) return { stop: async () => {} };
  const server = await startTestPostgres();
  process.env.SAMOVAR_TEST_POSTGRES_URL = server.url;
  return server;
}
