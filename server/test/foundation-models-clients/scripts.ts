import { fileURLToPath } from 'node:url';
import type { TestStack } from '../stack.ts';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const studioSdkScript = fileOf('./python/check_sdk.py');
export const generatedClientScript = fileOf('./python/check_generated.py');
export const nodeSdkScript = fileOf('./node/check-sdk.mjs');

/** What the scripts read of a stack. */
export function stackVariables({ url, grpcAddress, key }: TestStack): Readonly<Record<string, string>> {
  return {
    BASE_URL: url,
    GRPC: grpcAddress,
    API_KEY: key,
    PROTOS: fileOf('../../../contract/proto'),
  };
}
