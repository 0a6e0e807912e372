import { join } from 'node:path';

/** Where everything lies inside the data folder (`SAMOVAR_DATA`). */
export function dataFolder(root: string) {
  return {
    root,
    /** The API key of the first run, mode 600. */
    firstKey: join(root, 'first-key'),
    /** The sealing key of the embedded default, mode 600. */
    masterKey: join(root, 'master-key'),
    /** Which release wrote the data: JSON `{ "version", "schema" }`. */
    release: join(root, 'release.json'),
    /** The running supervisor: JSON, see `SupervisorRecord`. */
    supervisor: join(root, 'run', 'supervisor.json'),
    /** Unix sockets and pid records of running processes. */
    run: join(root, 'run'),
    /** Held by the one supervisor that may use this folder: its identity as JSON. */
    supervisorLock: join(root, 'run', 'supervisor.lock'),
    postgres: join(root, 'postgres'),
    objects: join(root, 'objects'),
    /** Model files copied from a remote object store, by SHA-256. */
    modelCache: join(root, 'model-cache'),
    /** Unfinished downloads, resumed later. */
    downloads: join(root, 'downloads'),
    /** Usage records that wait for PostgreSQL. */
    spool: join(root, 'spool'),
    /** Engines built on this machine: `engines/llama-server/…`. */
    engines: join(root, 'engines'),
    logs: join(root, 'logs'),
  } as const;
}

export type DataFolder = ReturnType<typeof dataFolder>;

/** A process as the operating system knows it: the pid alone is reused, the pair is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat (clock ticks since boot) with the boot id; elsewhere the start time of `ps`. */
  readonly startedAt: string;
}

export interface SupervisorRecord extends ProcessIdentity {
  readonly version: string;
  readonly url: string;
  /** `host:port` of the gRPC services; a release that had none wrote none. */
  readonly grpcAddress?: string;
  /** The certificate of both ports, as an absolute path: by it this machine knows its own server. Absent without TLS. */
  readonly tlsCertFile?: string;
  /** The mark that all processes of this run carry in their environment. */
  readonly runId: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly children: readonly SupervisedProcess[];
}

export interface SupervisedProcess extends ProcessIdentity {
  /** `postgres`, `api`, `engine` or `worker`. */
  readonly role: string;
  readonly startedAtMs: number;
  /** How often it was started again in this run. */
  readonly restarts: number;
}
