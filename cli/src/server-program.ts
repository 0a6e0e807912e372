import { fileURLToPath } from 'node:url';

/** The server's entry: `node <this> <role>`. */
export const serverProgram = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url));
