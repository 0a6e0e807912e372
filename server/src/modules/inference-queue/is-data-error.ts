/** Whether PostgreSQL refused values. SQLSTATE class 22: one does not fit; class 23: it breaks a constraint. */
export function isDataError(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'string' &&
    /^2[23]/.test(thrown.code)
  );
}
