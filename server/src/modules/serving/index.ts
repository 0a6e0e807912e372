export type { Replica, ReplicaSnapshot } from './replica.ts';
