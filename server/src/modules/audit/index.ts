export { type Actor, type AuditContext, auditContextOf, systemAuditContext } from './audit-record.ts';
export { recordAudit } from './record-audit.ts';
