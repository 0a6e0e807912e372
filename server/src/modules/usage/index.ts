export { type Admission, createKeyLimiter, type KeyLimiter } from './key-limiter.ts';
export { maintainUsage, maintainUsageJob, type UsageMaintenance } from './maintain-usage-job.ts';
export {
  queryUsage,
  type UsageGroup,
  type UsageGrouping,
  type UsageReport,
  type UsageTotals,
} from './query-usage.ts';
export { type BufferedUsageMeter, createUsageMeter, type UsageMeterOptions } from './usage-meter.ts';
export type { UsageMeter, UsageRecord } from './usage-record.ts';
