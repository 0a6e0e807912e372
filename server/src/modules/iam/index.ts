export type { KeyLimits, KeyRecord, KeySnapshot } from './key-record.ts';
