import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DataFolder, SupervisedProcess, SupervisorRecord } from '@samovar/contract/data-folder';
import { ownIdentity } from '@samovar/contract/process-identity';
import { writeFileWhole } from '../../platform/process/write-file-whole.ts';
import { ownVersion } from '../prepare/own-version.ts';

export interface RunRecord {
  /** Writes who runs now. */
  write(children: readonly SupervisedProcess[]): void;
  remove(): void;
}

export interface RunFacts {
  readonly runId: string;
  readonly startedAtMs: number;
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly tlsCertFile: string | null;
}

/** The file by which the CLI, and the next run after a kill, know this one. */
export function createRunRecord(data: DataFolder, facts: RunFacts): RunRecord {
  const { runId, startedAtMs } = facts;
  const host = reachableHost(facts.host);
  const places = {
    url: `${facts.tlsCertFile === null ? 'http' : 'https'}://${host}:${facts.port}`,
    grpcAddress: `${host}:${facts.grpcPort}`,
    ...(facts.tlsCertFile === null ? {} : { tlsCertFile: resolve(facts.tlsCertFile) }),
  };
  const own = { ...ownIdentity(), version: ownVersion(), ...places, runId, startedAtMs };
  let removed = false;
  return {
    write(children) {
      // The end of a child may be noticed after the last word was written.
      if (removed) return;
      const record: SupervisorRecord = { ...own, children };
      writeFileWhole(data.supervisor, JSON.stringify(record));
    },
    remove() {
      removed = true;
      rmSync(data.supervisor, { force: true });
    },
  };
}

/** An address to call from this machine for one to listen on. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
