export {
  type Actor,
  type AuditContext,
  type AuditRecord,
  auditContextOf,
  systemAuditContext,
} from './audit-record.ts';
export { recordAudit } from './record-audit.ts';
