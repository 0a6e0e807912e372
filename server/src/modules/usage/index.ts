export { type Admission, createKeyLimiter, type KeyLimiter } from './key-limiter.ts';
export { maintainUsage, maintainUsageJob } from './maintain-usage-job.ts';
export { type MeasuredVersion, measureVersion } from './measure-version.ts';
export { queryUsage, type UsageGrouping } from './query-usage.ts';
export { createUsageMeter } from './usage-meter.ts';
export type { UsageMeter, UsageRecord } from './usage-record.ts';
export { writeUsageRecords } from './write-usage-records.ts';
