export type { UsageMeter, UsageRecord } from './usage-record.ts';
